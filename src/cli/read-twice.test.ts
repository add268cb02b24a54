import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReadTwice } from './read-twice.ts';

/** Numbers up to a length, and how many of them have been worked out. */
function counted(length: number) {
  const state = { worked: 0 };
  const items = {
    *[Symbol.iterator]() {
      for (let item = 0; item < length; item++) {
        state.worked++;
        yield item;
      }
    },
  };
  return { state, items };
}

test('every reading has all items, wherever others have stopped', () => {
  fc.assert(
    fc.property(fc.nat(12), fc.nat(12), fc.array(fc.nat(14), { maxLength: 4 }), (length, most, stops) => {
      const { items } = counted(length);
      const twice = new ReadTwice(items, most);
      const all = Array.from(items);
      for (const stop of stops) {
        const read: number[] = [];
        for (const item of twice) {
          if (read.length === stop) break;
          read.push(item);
        }
        expect(read).toEqual(all.slice(0, stop));
      }
      expect([...twice]).toEqual(all);
    }),
  );
});

test('two readings at a time have all items each', () => {
  const twice = new ReadTwice(counted(6).items, 3);
  const [one, other] = [twice[Symbol.iterator](), twice[Symbol.iterator]()];
  const read = Array.from({ length: 6 }, () => [one.next().value, other.next().value]);
  expect(read).toEqual([0, 1, 2, 3, 4, 5].map((item) => [item, item]));
});

test('what is kept is worked out once, and the second reading goes on where the first has stopped', () => {
  const { items, state } = counted(10);
  const twice = new ReadTwice(items, 5);
  for (const item of twice) if (item === 3) break;
  expect([...twice]).toHaveLength(10);
  expect(state.worked).toBe(10);
  expect([...twice]).toHaveLength(10);
  expect(state.worked).toBe(20);
});
