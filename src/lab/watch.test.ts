import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { watchPaths } from './watch.ts';

let directory: string;
let changes = 0;
let watch: { close(): void } | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-watch-'));
  changes = 0;
});
afterEach(() => {
  watch?.close();
  rmSync(directory, { recursive: true });
});

async function changesAfter(act: () => void): Promise<number> {
  const before = changes;
  act();
  for (let tries = 0; tries < 100 && changes === before; tries++) await sleep(10);
  await sleep(50);
  return changes - before;
}

const start = async (...paths: string[]): Promise<void> => {
  watch = watchPaths(paths, () => changes++);
  await sleep(50);
  changes = 0;
};

it('tells once of several writes, of new files and of new directories', async () => {
  const file = join(directory, 'a.yaml');
  writeFileSync(file, '1');
  await start(directory);
  expect(
    await changesAfter(() => {
      for (const text of ['2', '3', '4']) writeFileSync(file, text);
    }),
  ).toBe(1);
  expect(await changesAfter(() => mkdirSync(join(directory, 'below')))).toBeGreaterThan(0);
  expect(await changesAfter(() => writeFileSync(join(directory, 'below', 'b.yaml'), ''))).toBeGreaterThan(0);
});

it('follows a file that editors replace, and no other of its directory', async () => {
  const file = join(directory, 'a.yaml');
  writeFileSync(file, '1');
  await start(file, '-');
  const replace = (): void => {
    writeFileSync(`${file}.new`, '2');
    renameSync(`${file}.new`, file);
  };
  expect(await changesAfter(replace)).toBe(1);
  expect(await changesAfter(replace)).toBe(1);
  writeFileSync(join(directory, 'b.yaml'), '');
  await sleep(100);
  expect(changes).toBe(2);
});

it('is silent when it is closed', async () => {
  await start(directory);
  writeFileSync(join(directory, 'a.yaml'), '');
  watch!.close();
  await sleep(100);
  expect(changes).toBe(0);
});
