import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FieldPath } from '#core/api/diagnostic.ts';
import { duplicatesOf, JsonPlaces, type JsonValue, readJson } from './json.ts';

const blanks = fc.constantFrom('', '', ' ', '\n', '\t', ' \r\n ');
const values = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });

/** Writes JSON with random blanks, and notes where each value begins. */
function write(value: unknown, blank: () => string, path: FieldPath, places: Map<string, number>, start: number): string {
  places.set(JSON.stringify(path), start);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const isList = Array.isArray(value);
  let text = (isList ? '[' : '{') + blank();
  for (const [index, [key, item]] of Object.entries(value).entries()) {
    if (index > 0) text += `,${blank()}`;
    if (!isList) text += `${JSON.stringify(key)}${blank()}:${blank()}`;
    text += write(item, blank, [...path, isList ? index : key], places, start + text.length) + blank();
  }
  return text + (isList ? ']' : '}');
}

/** What is read of a text that is JSON. */
function readSound(text: string, start = 0): JsonValue {
  const read = readJson(text, start, 100);
  if (typeof read !== 'object') throw new Error('not read');
  return read;
}

const documents = fc
  .record({ value: fc.oneof(fc.array(values), fc.dictionary(fc.string(), values)), prefix: fc.string(), seeds: fc.infiniteStream(blanks) })
  .map(({ value, prefix, seeds }) => {
    const places = new Map<string, number>();
    const text = prefix + write(value, () => seeds.next().value as string, [], places, prefix.length);
    return { value, start: prefix.length, text, places };
  });

describe('readJson', () => {
  it('reads what JSON.parse reads, finds the end, and knows the place of every value', () => {
    fc.assert(
      fc.property(documents, fc.string(), ({ start, text, places }, rest) => {
        const read = readSound(text + rest, start);
        expect(read.value).toEqual(JSON.parse(text.slice(start)));
        expect(read.end).toBe(text.length);
        expect(read.hasDuplicates).toBe(false);
        const found = new JsonPlaces(text + rest, start, read);
        for (const [path, offset] of places) expect(found.offsetOf(JSON.parse(path) as FieldPath)).toBe(offset);
      }),
      { numRuns: 300 },
    );
  });

  it('takes no text for JSON that JSON.parse does not take', () => {
    const fragments = fc.array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', '1', 'a', 'null', ' ', '"a"'), { maxLength: 12 });
    fc.assert(
      fc.property(fragments, (parts) => {
        const text = `{${parts.join('')}`;
        const read = readJson(text, 0, 100);
        if (typeof read === 'object') expect(JSON.parse(text.slice(0, read.end))).toEqual(read.value);
        else expect(() => JSON.parse(text)).toThrow();
      }),
      { numRuns: 1000 },
    );
  });

  it('finds names that stand twice, with the path to the later one', () => {
    const text = ' {"a": 1, "b": [{"c": {"x": 1}, "\\u0063": 2}], "a": 3, "__proto__": 4}';
    const read = readSound(text, 1);
    expect(read).toMatchObject({ hasDuplicates: true, value: { a: 3 } });
    expect([...duplicatesOf(text, 1)]).toEqual([
      { offset: text.indexOf('"\\u0063"'), path: 'b[0].c' },
      { offset: text.lastIndexOf('"a"'), path: 'a' },
    ]);
    expect(new JsonPlaces(text, 1, read).offsetOf(['a'])).toBe(text.indexOf('3, "__'));
  });

  it('gives the place of the nearest value around a field that is not there', () => {
    const text = '{"a": [{"b": 1}], "c": [ ]}';
    const places = new JsonPlaces(text, 0, readSound(text));
    expect(places.offsetOf(['a', 0, 'x', 'y'])).toBe(7);
    expect(places.offsetOf(['a', 5])).toBe(6);
    expect(places.offsetOf(['a', 'x'])).toBe(6);
    expect(places.offsetOf(['a', 0, 'b', 0])).toBe(13);
    expect(places.offsetOf(['c', 0])).toBe(text.indexOf('[ ]'));
  });

  it('does not go deeper than it may', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(readJson(nested(5), 0, 5)).toMatchObject({ end: 10 });
    expect(readJson(nested(6), 0, 5)).toBe('too deep');
    expect(readJson('['.repeat(1_000_000), 0, 5)).toBe('too deep');
  });
});
