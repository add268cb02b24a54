import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let home: string;
const kept = (): string[] => readdirSync(join(home, '.cache/sallyport/code')).map((name) => join(home, '.cache/sallyport/code', name));

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-script-'));
  writeFileSync(
    join(home, 'program-A.cjs'),
    `(function (require, module, scriptUrl, loadLater) {
    module.exports.answer = () => [require('node:path').basename(scriptUrl), typeof loadLater].join();
    return module.exports;
  })`,
  );
});

afterEach(() => rmSync(home, { recursive: true }));

/** Runs it as one command does, in a process of its own: what it printed. */
function run(...[use, environment = {}, exitCode = 0]: [use?: string | undefined, environment?: object, exitCode?: number]): string {
  const program = `
    const { runScript } = await import(${JSON.stringify(new URL('./run-script.ts', import.meta.url).href)});
    process.stdout.write(runScript(${JSON.stringify(join(home, 'program-A.cjs'))}, ${use === undefined ? 'undefined' : JSON.stringify(use)}, process.env).answer());
    process.exitCode = ${exitCode};`;
  const env = { ...process.env, HOME: home, XDG_CACHE_HOME: '', NODE_DISABLE_COMPILE_CACHE: '', ...environment };
  try {
    return execFileSync(process.execPath, ['--input-type=module', '--eval', program], { env, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('a script is run; what V8 made of it is kept for each use, for this user alone, and taken the next time', () => {
  expect(run('check')).toBe('program-A.cjs,function');
  const [file] = kept();
  expect(statSync(file!).mode & 0o777).toBe(0o600);
  const { ino } = statSync(file!);
  expect(run('check')).toBe('program-A.cjs,function');
  expect(statSync(file!).ino).toBe(ino);
  run('matrix');
  expect(kept()).toHaveLength(2);
});

test('what is kept is made anew where V8 refuses it', () => {
  run('check');
  const [file] = kept();
  const good = readFileSync(file!);
  writeFileSync(file!, 'something else');
  expect(run('check')).toBe('program-A.cjs,function');
  expect(readFileSync(file!).byteLength).toBe(good.byteLength);
});

test('what others can write is never taken', () => {
  run('check');
  const [file] = kept();
  chmodSync(file!, 0o622);
  const { ino } = statSync(file!);
  expect(run('check')).toBe('program-A.cjs,function');
  expect(statSync(file!).ino).not.toBe(ino);
  expect(statSync(file!).mode & 0o777).toBe(0o600);
});

test('what was kept first goes first, when there is much of it', () => {
  run('check');
  const [first] = kept();
  for (let day = 1; day < 64; day++) {
    const other = `${first}-${day}`;
    writeFileSync(other, '');
    utimesSync(other, day * 86_400, day * 86_400);
  }
  run('matrix');
  expect(kept()).toHaveLength(64);
  expect(kept()).toContain(first);
  expect(kept()).not.toContain(`${first}-1`);
});

test.each([
  ['where the user wants none', { NODE_DISABLE_COMPILE_CACHE: '1' }],
  ['where the user has no place for it', { HOME: '', XDG_CACHE_HOME: 'relative' }],
  ['where it cannot be written', { XDG_CACHE_HOME: '/dev/null' }],
  ['in a directory that others may write', { XDG_CACHE_HOME: '/tmp' }],
  ['in a directory that is not there', { XDG_CACHE_HOME: '/proc/none' }],
])('nothing is kept %s', (_, environment) => {
  expect(run('check', environment)).toBe('program-A.cjs,function');
  expect(kept).toThrow('ENOENT');
});

test('nothing is kept, or fails, where something else is in the way', () => {
  writeFileSync(join(home, '.cache'), '');
  expect(run('check')).toBe('program-A.cjs,function');
  expect(kept).toThrow('ENOTDIR');
});

test('nothing is kept without a use, as of an agent', () => {
  expect(run()).toBe('program-A.cjs,function');
  expect(kept).toThrow('ENOENT');
});

test.skipIf(process.getuid?.() !== 0)('root keeps nothing in the home of another user (needs root)', () => {
  chownSync(home, 65534, 65534);
  expect(run('check')).toBe('program-A.cjs,function');
  expect(kept).toThrow('ENOENT');
});

test('nothing is kept of a run that gave no answer', () => {
  expect(run('chekc', {}, 2)).toBe('program-A.cjs,function');
  expect(kept).toThrow('ENOENT');
  run('check', {}, 1);
  expect(kept()).toHaveLength(1);
});
