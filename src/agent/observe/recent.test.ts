import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Recent } from './recent.ts';

test('an answer is made once for all who ask while it is made and soon after, and anew later', async () => {
  let made = 0;
  const recent = new Recent(100, async () => {
    await sleep(20);
    return ++made;
  });
  expect(await Promise.all([recent.get(), recent.get(), recent.get()])).toEqual([1, 1, 1]);
  expect(await recent.get()).toBe(1);
  await sleep(120);
  expect(await recent.get()).toBe(2);
});

test('a failure is told and not kept', async () => {
  let made = 0;
  const recent = new Recent(10_000, async () => {
    made++;
    if (made === 1) throw new Error('no');
    return made;
  });
  await expect(recent.get()).rejects.toThrow('no');
  expect(await recent.get()).toBe(2);
});
