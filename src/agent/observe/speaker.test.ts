import { expect, test } from 'vitest';
import { delayOf, speaksForAll } from './speaker.ts';

const nodes = (count: number) => ({ nodeNames: Array.from({ length: count }, (_, index) => `worker-${index}`) });

test('two nodes speak of an object that nobody can read, and of others other ones', () => {
  const all = nodes(50);
  const speeches = new Map<string, number>();
  for (let object = 0; object < 500; object++) {
    const speakers = all.nodeNames.filter((node) => speaksForAll(all, node, `NetworkPolicy shop/policy-${object}`));
    expect(speakers).toHaveLength(2);
    for (const node of speakers) speeches.set(node, (speeches.get(node) ?? 0) + 1);
  }
  // 20 each, were it quite even.
  expect(speeches.size).toBe(50);
  expect(Math.max(...speeches.values())).toBeLessThan(50);
});

test('where there are no more nodes, all speak; where none is known, nobody does', () => {
  expect(speaksForAll(nodes(2), 'worker-1', 'x')).toBe(true);
  expect(speaksForAll(nodes(0), 'worker-1', 'x')).toBe(false);
});

test('nodes that each speak for themselves take ten turns a second, however many they are', () => {
  expect(delayOf(nodes(1000), 1)).toBe(100_000);
  expect(delayOf(nodes(3), 1)).toBe(2000);
  expect(delayOf(nodes(3), 0)).toBe(0);
});
