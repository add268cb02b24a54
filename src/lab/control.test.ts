import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askLab, type Handlers, LabNotReached, runningLabs, serveControl, socketPath } from './control.ts';

let directory: string;
const servers: { close(): void }[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-control-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(directory, { recursive: true });
});

const handlers = (name: string): Handlers => ({
  about: () => ({ name, pid: 1 }),
  probe: async ({ flow }) => {
    throw new Error(`unknown endpoint ${flow.from}`);
  },
  enter: () => ({ pid: 1, descriptor: 3 }),
  down: () => ({ pid: 1 }),
});
const serve = async (name: string): Promise<void> => void servers.push(await serveControl(socketPath(directory, name), handlers(name)));
const say = (line: string): Promise<string> => text(connect(socketPath(directory, 'one')).end(line));

describe('the control socket', () => {
  it('answers, and says why it does not', async () => {
    await serve('one');
    expect(await askLab(directory, 'one', { request: 'about' })).toEqual({ name: 'one', pid: 1 });
    await expect(askLab(directory, 'one', { request: 'probe', flow: { from: 'x', to: 'y', port: 1 } })).rejects.toThrow(
      'unknown endpoint x',
    );
    await expect(askLab(directory, 'two', { request: 'about' })).rejects.toThrow('no lab called two is up');
  });

  it('speaks JSON lines and survives everything else', async () => {
    await serve('one');
    expect(await say('{"request":"about"}\n{"request":"down"}\n')).toBe('{"result":{"name":"one","pid":1}}\n{"result":{"pid":1}}\n');
    expect(await say('{"request":"toString"}\n')).toBe('{"error":"unknown request toString"}\n');
    expect(JSON.parse(await say('nonsense\n'))).toHaveProperty('error');
    expect(JSON.parse(await say('null\n'))).toHaveProperty('error');
    const long = connect(socketPath(directory, 'one'));
    long.on('error', () => {});
    long.write('x'.repeat(3 << 20));
    await new Promise((resolve) => long.once('close', resolve));
    expect(await askLab(directory, 'one', { request: 'about' })).toHaveProperty('name');
  });

  it('is one lab’s, by names that can be file names', async () => {
    await serve('one');
    await expect(serve('one')).rejects.toThrow('a lab called one is up already');
    await serve('two');
    expect(await runningLabs(directory)).toEqual(['one', 'two']);
    for (const name of ['', '../x', 'A', 'a b', '-a', 'x'.repeat(64)]) expect(() => socketPath(directory, name)).toThrow(LabNotReached);
    for (const server of servers.splice(0)) server.close();
    expect(await runningLabs(directory)).toEqual([]);
    expect(readdirSync(directory)).toEqual([]);
  });
});
