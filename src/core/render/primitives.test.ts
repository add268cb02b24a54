import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderCsvLine } from './csv.ts';
import { renderJson } from './json.ts';
import { plain } from './palette.ts';
import { renderTable } from './table.ts';
import { columnsOf, printable, shorten } from './text.ts';

describe('text', () => {
  it.each([
    ['policy', 6],
    ['日本', 4],
    ['café', 4],
    ['café', 4],
    ['👩‍👩‍👧 x', 4],
  ])('%s takes %i columns', (text, columns) => expect(columnsOf(text)).toBe(columns));

  it('shortens a sentence at its end and a name in its middle', () => {
    expect(shorten('no policy isolates it', 10)).toBe('no policy…');
    expect(shorten('production/Deployment/frontend', 16, 'middle')).toBe('producti…rontend');
    expect(shorten('日本語の名前', 5)).toBe('日本…');
  });

  it('never takes more columns than it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(30), fc.constantFrom('end' as const, 'middle' as const), (text, columns, cut) => {
        expect(columnsOf(shorten(printable(text), columns, cut))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('shows what a terminal would obey', () => {
    expect(printable('\u001b[2Jdeny\u202e')).toBe('\\u{1b}[2Jdeny\\u{202e}');
  });
});

describe('table', () => {
  const columns = [{ title: 'FROM' }, { title: 'PORT', align: 'right' as const, cut: 'never' as const }, { title: 'TO' }];
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

  it('cuts the widest columns to a given width', () => {
    expect([...renderTable(columns, rows, { palette: plain, width: 48 })]).toEqual([
      'FROM                  PORT  TO',
      'production…/frontend  8080  production…t/backend',
      'shop/Pod/a              53  kube-syste…t/coredns',
    ]);
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
