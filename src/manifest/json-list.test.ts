import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldPath } from '#core/api/diagnostic.ts';
import { JsonPlaces, readJson } from './json.ts';
import { readListedItems } from './json-list.ts';

/** Values with what could be taken for the lines of a list. */
const texts = fc.oneof(fc.string(), fc.constantFrom('},\n  {', ':8080', '"items": [\n  {', '\\', '\\"', 'items'));
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    texts,
    fc.integer(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(texts, fc.constantFrom('items', '__proto__')), tie('value'), { maxKeys: 3 }),
  ),
}));
const lists = fc.record(
  { kind: fc.constant('List'), items: fc.array(fc.dictionary(texts, values, { maxKeys: 3 }), { maxLength: 4 }), metadata: values },
  { requiredKeys: ['kind', 'items'] },
);
const indents = fc.constantFrom(1, 2, 4, '\t');

/** The paths to everything in a value. */
function* pathsIn(value: unknown, path: FieldPath = []): Generator<FieldPath> {
  yield path;
  if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* pathsIn(item, [...path, index]);
  else if (typeof value === 'object' && value !== null)
    for (const [name, item] of Object.entries(value)) yield* pathsIn(item, [...path, name]);
}

/** Sees that what is read is what JSON says, and that its places are those that are found with a look at every character. */
function expectRead(text: string, start: number): void {
  const whole = text.slice(start);
  const read = readJson(text, start, 100, text.length);
  if (typeof read !== 'object') throw new Error('not read');
  expect(read.value).toEqual(JSON.parse(whole));
  const [found, looked] = [new JsonPlaces(text, start, read), new JsonPlaces(text, start, { ...read, lists: new Map() })];
  for (const path of pathsIn(read.value)) expect(found.offsetOf(path)).toBe(looked.offsetOf(path));
}

const read = (text: string, greatestDepth: number): ReturnType<typeof readJson> => readJson(text, 0, greatestDepth, text.length);

describe('lists as kubectl writes them', () => {
  it('are read item by item as a whole would be, with the same places', () => {
    fc.assert(
      fc.property(lists, indents, fc.constantFrom('', '# a comment\n'), (list, indent, prefix) => {
        const text = `${prefix}${JSON.stringify(list, null, indent)}\n`;
        const isUsual = list.items.every((item) => Object.keys(item).length > 0) && !/items|\[/.test(JSON.stringify(list.metadata ?? null));
        if (list.items.length > 0 && isUsual)
          expect(readListedItems(text, prefix.length, text.length)?.items).toHaveLength(list.items.length);
        expectRead(text, prefix.length);
      }),
      { numRuns: 400 },
    );
  });

  it('whatever lines look like', () => {
    const blank = fc.constantFrom('', ' ', '\n', '\n  ', '\n    ', '\r\n  ');
    fc.assert(
      fc.property(lists, fc.infiniteStream(blank), (list, blanks) => {
        const next = (): string => blanks.next().value as string;
        // Between any two tokens, and never within a string.
        const text = JSON.stringify(list).replaceAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (token) => `${token}${next()}`);
        expectRead(text, 0);
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ['items without a comma', '{"items": [\n  {"a": 1}\n  {"b": 2}\n]}'],
    ['an item too many', '{"items": [\n  {"a": 1},\n]}'],
    ['another text behind', '{"items": [\n  {"a": 1}\n]} {'],
    ['an open item', '{"items": [\n  {"a": 1,\n  {"b": 2}\n]}'],
  ])('are none with %s', (_, text) => {
    expect(readListedItems(text, 0, text.length)).toBeUndefined();
    expect(() => JSON.parse(text)).toThrow();
  });

  it('may lie within something else', () => {
    expectRead('{"spec": {"items": [\n  {"a": 1},\n  {"b": 2}\n]}, "items": []}', 0);
    expectRead('{"spec": {"items": [\n  {"a": 1}\n]}}', 0);
    expectRead('{"spec": {"items": [\n  {"a": 1}\n]}, "items": [0]}', 0);
    expectRead('{"items": [1], "spec": {"items": [\n  {"a": 1}\n]}}', 0);
  });

  it('have their duplicates found, and their depth', () => {
    expect(read('{"items": [\n  {"a": 1, "a": 2}\n]}', 100)).toMatchObject({ hasDuplicates: true });
    expect(read('{"items": [\n  {"a": ":", "b": "\\\\"}\n]}', 100)).toMatchObject({ hasDuplicates: false });
    expect(read(`{"items": [\n  {"a": ${'['.repeat(200)}${']'.repeat(200)}}\n]}`, 100)).toBe('too deep');
    expect(read(`{"items": [\n  {"a": ${'['.repeat(7)}${']'.repeat(7)}}\n]}`, 10)).toMatchObject({ hasDuplicates: false });
    expect(read(`{"items": [\n  {"a": ${'['.repeat(8)}${']'.repeat(8)}}\n]}`, 10)).toBe('too deep');
  });
});
