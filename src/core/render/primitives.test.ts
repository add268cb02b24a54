import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderCsvLine } from './csv.ts';
import { renderJson } from './json.ts';
import { plain } from './palette.ts';
import { renderParts, renderTable } from './table.ts';
import { columnsOf, fold, printable, shorten } from './text.ts';

describe('text', () => {
  it.each([
    ['policy', 6],
    ['日本', 4],
    ['café', 4],
    ['café', 4],
    ['👩‍👩‍👧 x', 4],
  ])('%s takes %i columns', (text, columns) => expect(columnsOf(text)).toBe(columns));

  it('shortens a sentence at its end', () => {
    expect(shorten('no policy isolates it', 10)).toBe('no policy…');
    expect(shorten('日本語の名前', 5)).toBe('日本…');
  });

  it('breaks what is wider than a line where it has parts, and loses nothing', () => {
    expect(fold(['production-eu-west-1/checkout-service-frontend,', 'and', 'more'], 26)).toEqual([
      'production-eu-west-1/',
      'checkout-service-frontend,',
      'and more',
    ]);
    expect(fold(['checkout-service-frontend'], 18)).toEqual(['checkout-service-', 'frontend']);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 30 }), (text, columns) => {
        const lines = fold([printable(text)], columns);
        expect(lines.join('')).toBe(printable(text));
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('never takes more columns than it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), (text, columns) => {
        expect(columnsOf(shorten(printable(text), columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('shows what a terminal would obey', () => {
    expect(printable('\u001b[2Jdeny\u202e')).toBe('\\u{1b}[2Jdeny\\u{202e}');
  });
});

describe('table', () => {
  const columns = [{ title: 'FROM' }, { title: 'PORT', align: 'right' as const, isFixed: true as const }, { title: 'TO' }];
  const rows = [
    ['production/Deployment/frontend', '8080', 'production/Deployment/backend'],
    ['shop/Pod/a', '53', 'kube-system/Deployment/coredns'],
  ];

  it('aligns, and leaves no blanks at the end', () => {
    expect([...renderTable(columns, rows, { palette: plain })]).toEqual([
      'FROM                            PORT  TO',
      'production/Deployment/frontend  8080  production/Deployment/backend',
      'shop/Pod/a                        53  kube-system/Deployment/coredns',
    ]);
  });

  it('goes on in further lines where the width is limited', () => {
    expect([...renderTable(columns, rows, { palette: plain, width: 48 })]).toEqual([
      'FROM                  PORT  TO',
      'production/           8080  production/',
      'Deployment/frontend         Deployment/backend',
      'shop/Pod/a              53  kube-system/',
      '                            Deployment/coredns',
    ]);
  });

  it('leaves no blanks at the end in colour, either', () => {
    const strong = (text: string): string => `<${text}>`;
    const cells = rows.map((row) => row.map((text) => ({ text, paint: strong })));
    const lines = [...renderTable(columns, [...cells, ['a', '', { text: '', paint: strong }]], { palette: plain, width: 48 })];
    for (const line of lines) expect(line.replaceAll(/[<>]/g, '')).not.toMatch(/ $/);
  });

  it('sets parts of an entry below it, whole, where they do not fit', () => {
    const parts = ['shop/deny', '', 'ingress[0]', 'policies/deny.yaml:3:7'];
    expect(renderParts(parts)).toEqual(['shop/deny  ingress[0]  policies/deny.yaml:3:7']);
    expect(renderParts(parts, 30)).toEqual(['shop/deny  ingress[0]', '    policies/deny.yaml:3:7']);
  });
});

describe('csv', () => {
  it('quotes what needs it', () => expect(renderCsvLine(['a', 'b,c', 'say "no"', ''])).toBe('a,"b,c","say ""no""",'));
});

describe('json', () => {
  it('is what JSON.parse reads back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse([...renderJson(value)].join('\n'))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('gives each item of a list its line', () => {
    expect([...renderJson({ endpoints: [{ id: 'a' }, { id: 'b' }], none: [], mismatches: 0 })]).toEqual([
      '{',
      '  "endpoints": [',
      '    {"id":"a"},',
      '    {"id":"b"}',
      '  ],',
      '  "none": [],',
      '  "mismatches": 0',
      '}',
    ]);
  });
});
