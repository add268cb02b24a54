import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { decodeObject } from '#core/api/decode.ts';
import type { FieldPath } from '#core/api/diagnostic.ts';
import type { ManifestDocument } from './document.ts';
import { parseDocuments } from './parse.ts';

const parse = (text: string): Promise<ManifestDocument[]> => Array.fromAsync(parseDocuments(text, 'a.yaml'));
const valuesOf = async (text: string): Promise<unknown[]> => (await parse(text)).map(({ value }) => value);

/** The only fault, as `code line:column message`. */
async function faultOf(text: string): Promise<string> {
  const diagnostics = (await parse(text)).flatMap((document) => document.diagnostics);
  expect(diagnostics).toHaveLength(1);
  const [{ code, message, source }] = diagnostics as [ManifestDocument['diagnostics'][number]];
  return `${code} ${source!.line}:${source!.column} ${message}`;
}

async function placeOf(text: string, path: FieldPath): Promise<string> {
  const { line, column, file } = (await parse(text))[0]!.place(path);
  expect(file).toBe('a.yaml');
  return `${line}:${column}`;
}

describe('documents', () => {
  it('are separated by lines of dashes; empty ones do not count', async () => {
    expect(await valuesOf('---\n# nothing\n---\na: 1\n--- # more\nb: 2\n--- {c: 3}\n---\n')).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
    expect(await valuesOf('')).toEqual([]);
    expect(await valuesOf('\ufeffa: 1')).toEqual([{ a: 1 }]);
    expect(await valuesOf('a: "x ---"\nb: |\n  ---\n')).toEqual([{ a: 'x ---', b: '---\n' }]);
  });

  it('can be JSON, one after the other, and YAML in between', async () => {
    const text = '# c\n{"a": 1}\n{"b": 2} # d\n---\nc: 3\n---\n[4]\n---\n{e: 5}\n---\n{"f": &x 6, "g": *x}\n';
    expect(await valuesOf(text)).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }, [4], { e: 5 }, { f: 6, g: 6 }]);
    expect((await parse(text)).map(({ place }) => place([]).line)).toEqual([2, 3, 5, 7, 9, 11]);
  });

  it('keep being read behind a faulty one', async () => {
    const [first, second, third] = await parse('a: 1\n---\na: [\n---\nb: 2\n');
    expect([first!.value, second!.value, third!.value]).toEqual([{ a: 1 }, undefined, { b: 2 }]);
    expect(second!.diagnostics[0]).toMatchObject({ code: 'syntax', source: { line: 4 } });
    expect((await parse('{"a": 1}\n{"a": \n{"b": 2}')).map(({ value }) => value)).toEqual([{ a: 1 }, undefined]);
  });

  it('obey directives', async () => {
    expect(await valuesOf('%YAML 1.2\n---\n{"a": 1}\n...\n%TAG ! x:\n--- !a\nb: 2\n')).toEqual([{ a: 1 }, { b: 2 }]);
  });
});

describe('YAML as Kubernetes reads it', () => {
  it('has the scalars of YAML 1.1 and names that are texts', async () => {
    expect(await valuesOf('a: yes\nb: "yes"\ny: 010\n1: !!str 5\n1.5: !!int "7"\ntrue: 1:30\n')).toEqual([
      { a: true, b: 'yes', 1: '5', true: '1:30', '1.5': 7 },
    ]);
    expect(await faultOf('y: 1\ntrue: 2\n')).toBe('duplicate-key 2:1 duplicate field "true"');
  });

  it('merges maps, in the order in which they stand', async () => {
    expect(await valuesOf('x: &x {a: 1, b: 2}\nv: {<<: *x, b: 3}\nz: {b: 3, <<: *x}\nw: {<<: [{a: 1}, {a: 2, c: 3}]}\n')).toEqual([
      { x: { a: 1, b: 2 }, v: { a: 1, b: 3 }, z: { b: 2, a: 1 }, w: { a: 1, c: 3 } },
    ]);
    expect(await valuesOf('"<<": {a: 1}\n')).toEqual([{ '<<': { a: 1 } }]);
  });

  it('lets no name get lost', async () => {
    expect(Object.keys((await valuesOf('a: &a 1\n__proto__: {b: *a}\n'))[0] as object)).toEqual(['a', '__proto__']);
    expect(Object.keys((await valuesOf('{"__proto__": {"b": 1}}'))[0] as object)).toEqual(['__proto__']);
  });

  it.each([
    ['a: *x\n', "syntax 1:4 unknown anchor 'x' referenced"],
    ['a: &x [*x]\n', "syntax 1:8 anchor 'x' value contains itself"],
    ['<<: 5\n', 'syntax 1:5 map merge requires map or sequence of maps as the value'],
    ['? [a]\n: b\n', 'syntax 1:3 a key must be a text, a number or a boolean'],
    ['a: {{ .Values.a }}\n', 'syntax 1:5 a key must be a text, a number or a boolean; a Helm template? render it first: helm template'],
    ['a: .inf\n', 'syntax 1:4 unsupported value: .inf'],
    ['a: !!int x\n', 'syntax 1:10 cannot decode !!str `x` as a !!int'],
    ['a: b\n  c: d\n', 'syntax 1:4 nested mappings are not allowed in compact mappings'],
    ['a:\n\tb: c\n', 'syntax 2:1 tabs are not allowed as indentation'],
    ['a: \u0001\n', 'encoding 1:4 control characters are not allowed'],
    ['a: b\nc: "d\n', 'syntax 3:1 missing closing "quote'],
  ])('says what is wrong with %j', async (text, fault) => {
    expect(await faultOf(text)).toBe(fault);
  });

  it('says so when a name stands twice in one object, and takes the last', async () => {
    expect(await faultOf('a: 1\nspec:\n  ports: [{port: 1}]\n  ports: [{port: 2}]\n')).toBe(
      'duplicate-key 4:3 duplicate field "spec.ports"',
    );
    expect(await faultOf('{"a": 1,\n "a": 2}')).toBe('duplicate-key 2:2 duplicate field "a"');
    expect(await valuesOf('a: 1\na: 2\n')).toEqual([{ a: 2 }]);
    expect(await placeOf('a: 1\na: 2\n', ['a'])).toBe('2:4');
    expect((await parse(`{${'"a": 1,'.repeat(1000)} "a": 1}`))[0]!.diagnostics).toHaveLength(20);
  });
});

describe('places', () => {
  const text = [
    '# c',
    'spec:',
    '  ingress:',
    '  - from: []',
    '    ports:',
    '      - port: 80',
    '      -',
    '        port: 81',
    'list: [1, {a: 2}]',
    '',
  ];
  it.each<[FieldPath, string]>([
    [[], '2:1'],
    [['spec'], '2:1'],
    [['spec', 'ingress'], '3:3'],
    [['spec', 'ingress', 0], '4:3'],
    [['spec', 'ingress', 0, 'from'], '4:11'],
    [['spec', 'ingress', 0, 'ports'], '5:5'],
    [['spec', 'ingress', 0, 'ports', 1], '7:7'],
    [['spec', 'ingress', 0, 'ports', 1, 'port'], '8:15'],
    [['list', 1, 'a'], '9:15'],
    [['spec', 'ingress', 0, 'absent', 5], '4:3'],
    [['absent'], '2:1'],
  ])('%j is at %s', async (path, place) => {
    expect(await placeOf(text.join('\n'), path)).toBe(place);
    // An anchor makes the library read it.
    expect(await placeOf([...text, 'x: &x 1\n'].join('\n'), path)).toBe(place);
  });

  it('lead through aliases and merges to where the value stands', async () => {
    const aliased = 'x: &x\n  a: 1\nw: *x\nz:\n  <<: *x\n';
    expect(await placeOf(aliased, ['w'])).toBe('3:4');
    expect(await placeOf(aliased, ['w', 'a'])).toBe('2:6');
    expect(await placeOf(aliased, ['z', 'a'])).toBe('2:6');
  });
});

describe('hostile texts', () => {
  it.each([
    ['lists', '['.repeat(100_000)],
    ['YAML lists', `a: ${'['.repeat(20_000)}`],
    ['dashes', '- '.repeat(20_000)],
    ['JSON', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['maps', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ])('nested %s are too deep', async (_, text) => {
    expect(await faultOf(text)).toMatch(/^limit \d+:\d+ nested /);
  });

  it('may not multiply through aliases', async () => {
    const row = (name: string, before: string): string => `${name}: &${name} [${Array(10).fill(`*${before}`).join()}]\n`;
    expect(
      await faultOf(
        `a: &a [${Array(10).fill('x').join()}]\n${[...'bcdefghi'].map((name, index) => row(name, 'abcdefgh'[index]!)).join('')}`,
      ),
    ).toMatch(/^limit .* document contains excessive aliasing$/);
    const merged = `a: &a {${Array.from({ length: 1000 }, (_, index) => `k${index}: 1`).join()}}\n`;
    expect(await faultOf(merged + Array.from({ length: 1000 }, (_, index) => `b${index}: {<<: *a}\n`).join(''))).toMatch(/^limit/);
  });

  it('never make it throw, and have their faults placed', async () => {
    const fragments = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 5 }),
        fc.constantFrom(
          'a: ',
          '- ',
          '\n',
          '  ',
          '{',
          '}',
          '[',
          ']',
          '"',
          "'",
          '---\n',
          '&a ',
          '*a',
          '!!int ',
          '<<: ',
          '|\n',
          '>-\n',
          '? ',
          '%YAML 1.1\n',
          '...\n',
          '#',
          '\t',
          ': ',
          ',',
        ),
      ),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(fragments, async (parts) => {
        const text = parts.join('');
        const lines = text.split('\n');
        for (const { value, diagnostics, place } of await parse(text)) {
          expect(value === undefined).toBe(diagnostics.some(({ code }) => code !== 'duplicate-key'));
          for (const { line, column } of [place([]), ...diagnostics.map(({ source }) => source!)]) {
            expect(line).toBeLessThanOrEqual(lines.length);
            expect(column).toBeLessThanOrEqual(lines[line - 1]!.length + 1);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('one object, spelt in YAML and in JSON', () => {
  const selector = fc.record({ matchLabels: fc.dictionary(fc.constantFrom('a', 'b', 'x y'), fc.constantFrom('c', 'yes', '010', '-')) });
  const peer = fc.oneof(
    fc.record({ podSelector: selector }),
    fc.record({
      ipBlock: fc.record({ cidr: fc.constantFrom('10.0.0.0/8', '::/0', '10.1.2.3/8', 'x'), except: fc.constant(['10.1.0.0/16']) }),
    }),
  );
  const port = fc.record({
    protocol: fc.constantFrom('TCP', 'UDP', 'tcp', null),
    port: fc.oneof(fc.integer(), fc.constantFrom('http', 'y', '80')),
  });
  const spec = fc.record({
    podSelector: selector,
    policyTypes: fc.constantFrom(null, [], ['Egress'], ['No']),
    ingress: fc.array(fc.record({ from: fc.array(peer), ports: fc.array(port) })),
  });

  it('is read alike', async () => {
    await fc.assert(
      fc.asyncProperty(spec, async (written) => {
        const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'p' }, spec: written };
        const texts = [stringify(policy, { version: '1.1' }), JSON.stringify(policy), `x: &x 1\n---\n${JSON.stringify(policy)} `];
        const [inYaml, inJson, inJsonAsYaml] = await Promise.all(
          texts.map(async (text) => decodeObject((await parse(text)).at(-1)!.value)),
        );
        expect(inYaml).toEqual(inJson);
        expect(inJsonAsYaml).toEqual(inJson);
      }),
      { numRuns: 200 },
    );
  });
});
