import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { decodeTest, isConnectivityTest } from '#core/expect/read-test.ts';
import { configurationOf } from '#core/lint/configuration.ts';
import { faultsOf } from './schemas.ts';

// Schemas of what is read, for editors: they and the readers have to agree.

const root = join(import.meta.dirname, '../..');

const isRead = (value: unknown): boolean => decodeTest(value).test !== undefined;
const isDescribed = (value: unknown): boolean => faultsOf('connectivity-test', value).length === 0;

const test = { name: 'a', from: 'shop/client', to: 'shop/web', expect: 'allow' };
const of = (...tests: readonly unknown[]) => ({
  apiVersion: 'sallyport.dev/v1alpha1',
  kind: 'ConnectivityTest',
  metadata: { name: 'shop' },
  tests,
});

describe('connectivity tests', () => {
  const files = ['examples', 'docs/testing'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => join(root, folder, file)),
  );
  const documents = files.flatMap((file) =>
    parseAllDocuments(readFileSync(file, 'utf8')).map((document) => ({ file, value: document.toJS() as unknown })),
  );

  it.each(documents.filter(({ value }) => isConnectivityTest(value)))('$file is described', ({ value }) => {
    expect(faultsOf('connectivity-test', value)).toEqual([]);
    expect(isRead(value)).toBe(true);
  });

  it.each([
    of(test),
    of({ ...test, ports: 80, family: 4 }, { ...test, ports: ['TCP/80', 'udp/8000-8010', 'SCTP', 53], family: 6, expect: 'deny' }),
    of({ name: 'a', to: 'shop/web', allow: ['shop/client', { from: ['internet'], ports: 443 }], deny: 'outside', nothingElse: true }),
    of({ name: 'a', from: 'shop/web', nothingElse: ['TCP/5432', 53] }),
    { ...of(test), description: 'why', manifests: '..' },
    { ...of(test), manifests: ['../a', 'b'] },
  ])('%j is taken by both', (value) => {
    expect({ isRead: isRead(value), faults: faultsOf('connectivity-test', value) }).toEqual({ isRead: true, faults: [] });
  });

  it.each([
    {},
    of(),
    { ...of(test), metadata: {} },
    { ...of(test), kind: 'Test' },
    { ...of(test), apiVersion: 'sallyport.dev/v1' },
    { ...of(test), test: [] },
    of({ ...test, name: '' }),
    of({ ...test, expect: 'allowed' }),
    of({ ...test, expected: 'allow' }),
    of({ name: 'a', from: 'shop/client', to: 'shop/web' }),
    of({ ...test, ports: [] }),
    of({ ...test, ports: 0 }),
    of({ ...test, ports: 65_536 }),
    of({ ...test, ports: 'TPC/80' }),
    of({ ...test, ports: '80-' }),
    of({ ...test, family: 5 }),
    of({ ...test, from: 3 }),
    of({ ...test, from: '' }),
    of({ name: 'a', to: 'shop/web', allow: [] }),
    of({ name: 'a', to: 'shop/web', allow: { form: 'shop/client' } }),
    of({ name: 'a', to: 'shop/web', nothingElse: 'nothing' }),
    of('shop/web'),
    { ...of(test), tests: test },
  ])('%j is refused by both', (value) => {
    expect({ isRead: isRead(value), isDescribed: isDescribed(value) }).toEqual({ isRead: false, isDescribed: false });
  });

  it('whatever is read is described', () => {
    // Mostly right, and now and then not.
    const mostly = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 19, arbitrary: right }, { weight: 1, arbitrary: wrong });
    const end = mostly(fc.constantFrom('shop/web', 'shop/{app=web}', 'internet', '10.0.0.0/8', '*'), fc.constantFrom('', 'web'));
    const ends = fc.oneof(end, fc.array(end, { minLength: 1, maxLength: 2 }));
    const port = mostly<string | number>(
      fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('80', 'TCP/80', 'sctp', '8000-9000')),
      fc.oneof(fc.integer({ min: -1, max: 70_000 }), fc.constantFrom('udp/5-3', 'x', 'TCP/')),
    );
    const ports = fc.oneof(port, mostly(fc.array(port, { minLength: 1, maxLength: 2 }), fc.constant<never[]>([])));
    const connections = { from: ends, to: ends, ports, family: mostly(fc.constantFrom(4, 6), fc.constant(5)) };
    const entry = fc.oneof(end, fc.record(connections, { requiredKeys: [] }));
    const entries = fc.oneof(entry, mostly(fc.array(entry, { minLength: 1, maxLength: 2 }), fc.constant<never[]>([])));
    const anyTest = fc.record(
      {
        name: mostly(fc.constant('a'), fc.constant('')),
        ...connections,
        expect: mostly(fc.constantFrom('allow', 'deny'), fc.constant('no')),
        allow: entries,
        deny: entries,
        nothingElse: fc.oneof(fc.boolean(), ports),
      },
      { requiredKeys: ['name'] },
    );
    let read = 0;
    fc.assert(
      fc.property(fc.array(anyTest, { minLength: 1, maxLength: 2 }), (tests) => {
        const value = of(...tests);
        if (!isRead(value)) return;
        read++;
        expect(faultsOf('connectivity-test', value)).toEqual([]);
      }),
      { numRuns: 5000 },
    );
    expect(read).toBeGreaterThan(50);
  });
});

describe('.sallyport.yaml', () => {
  it.each([
    {},
    { lint: {} },
    { lint: { rules: {} } },
    { lint: { rules: { 'world-open': 'off', 'missing-doc': 'note', 'dns-blocked': 'error' } } },
    { lint: { rules: { 'world-opn': 'off' } } },
    { lint: { rules: { 'world-open': 'bad' } } },
    { lint: { rules: [] } },
    { lint: { rule: {} } },
    { lint: [] },
    { lints: {} },
    [['lint']],
    'lint',
  ])('%j is the same to schema and program', (value) => {
    expect(faultsOf('config', value).length === 0).toBe(configurationOf(value) instanceof Map);
  });
});
