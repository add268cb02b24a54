import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { type Nft, openNft } from '#dataplane/nft.ts';
import { NftSession } from '#dataplane/nft-session.ts';

const elements = (count: number): string =>
  Array.from({ length: count }, (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`).join(', ');

describe.skipIf(process.getuid?.() !== 0)('nft (needs root)', () => {
  let namespace: number;
  beforeAll(() => {
    namespace = createNamespace();
  });
  afterAll(() => closeSync(namespace));
  const print = (): string =>
    withNamespace(namespace, () => execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8', maxBuffer: 1e8 }));

  describe.each([
    ['that waits', true],
    ['started for each script', false],
  ])('%s', (_, session) => {
    let nft: Nft;
    beforeAll(async () => {
      nft = openNft({ namespace, session });
      await nft.run(
        'add table inet t\ndelete table inet t\ntable inet t {\n  # a comment\n  chain a {\n    accept\n  }\n  set s { type ipv4_addr; }\n}\n',
      );
    });
    afterAll(() => nft.close());

    it('lists a table as JSON', async () => {
      const { nftables } = (await nft.list('inet t')) as { nftables: object[] };
      expect(nftables).toContainEqual({ chain: expect.objectContaining({ table: 't', name: 'a' }) });
      await expect(nft.list('inet nowhere')).rejects.toMatchObject({ name: 'NftError', kind: 'not-found' });
    });

    it('does all of a script or nothing, and says why', async () => {
      const before = print();
      const failing: [script: string, error: object][] = [
        ['add element inet t s { 10.0.0.1 }\ndelete element inet t s { 10.0.0.2 }', { kind: 'not-found', line: 2 }],
        ['add chain inet t b\ncreate chain inet t a\n', { kind: 'exists', line: 2 }],
        ['add rule inet t a drop\ndelete set inet nowhere s\n', { kind: 'not-found', line: 2 }],
        ['add chain inet t b\nbogus\nadd chain inet t c', { kind: 'rejected', line: 2, message: expect.stringContaining('syntax error') }],
        ['add chain inet t b\nadd chain inet t c { type filter hook forward priority 0; }\nadd rule inet t b jump c', { kind: 'rejected' }],
        [`add element inet t s { ${elements(50_000)} }\nadd rule inet t nowhere accept`, { kind: 'not-found', line: 2 }],
      ];
      for (const [script, error] of failing) {
        await expect(nft.run(script), script.slice(0, 80)).rejects.toMatchObject({ name: 'NftError', ...error });
        expect(print()).toBe(before);
      }
    });

    it('only checks when that is asked', async () => {
      const before = print();
      await nft.check('add chain inet t b\nadd rule inet t b accept');
      await expect(nft.check('add rule inet t nowhere accept')).rejects.toMatchObject({ kind: 'not-found' });
      expect(print()).toBe(before);
    });

    it('says which object is in use', async () => {
      await nft.run('add chain inet t target\nadd chain inet t user\nadd rule inet t user goto target');
      await expect(nft.run('delete chain inet t target')).rejects.toMatchObject({ kind: 'busy' });
    });

    it('runs scripts in the order of the calls', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, index) => nft.run(`${index % 2 === 0 ? 'create' : 'delete'} chain inet t turn`)));
      expect(print()).not.toContain('chain turn');
    });

    it('takes fifty thousand elements', async () => {
      await nft.run(`add set inet t large { type ipv4_addr; elements = { ${elements(50_000)} }; }`);
      expect(print().match(/10\.\d+\.\d+\.\d+/g)).toHaveLength(50_000);
      await nft.run('delete set inet t large');
    });
  });

  it('that waits neither leaks nor dumps core', async () => {
    const session = (await NftSession.open({ namespace }))!;
    const rss = (): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${session.pid}/status`, 'utf8'))![1]);
    const turn = () => session.run('add table inet leak\nadd chain inet leak c\nadd rule inet leak c accept\ndelete table inet leak');
    for (let count = 0; count < 300; count++) await turn();
    const before = rss();
    for (let count = 0; count < 3000; count++) await turn();
    expect(rss() - before).toBeLessThan(2048);
    expect(readFileSync(`/proc/${session.pid}/limits`, 'utf8')).toMatch(/Max core file size\s+0\s/);
    session.close();
  });

  it('that waits may be killed at any time: what it was doing is reported, the rest goes on', async () => {
    const nft = openNft({ namespace }) as Nft & { readonly sessionPid?: number };
    await nft.run('add table inet killed');
    const pid = nft.sessionPid!;
    const running = nft.run(`add set inet killed s { type ipv4_addr; elements = { ${elements(4000)} }; }`);
    const next = nft.run('add chain inet killed c');
    process.kill(pid, 'SIGKILL');
    // It may have been faster than the signal.
    const outcome = await running.then(
      () => 'done',
      (error: { kind: string }) => error.kind,
    );
    expect(['done', 'crashed']).toContain(outcome);
    await next.catch((error: { kind: string }) => expect(error.kind).toBe('crashed'));
    await nft.run('add chain inet killed d');
    expect(nft.sessionPid).toBeUndefined();
    expect(print()).toContain('chain d');
    await nft.run('delete table inet killed');
    nft.close();
  });

  it('that crashes says so and is started again later and later', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
    const program = join(directory, 'nft-that-crashes');
    writeFileSync(program, '#!/bin/sh\nkill -SEGV $$\n');
    chmodSync(program, 0o755);
    const nft = openNft({ program, namespace });
    const times: number[] = [];
    for (let count = 0; count < 4; count++) {
      const start = performance.now();
      await expect(nft.run('add table inet t')).rejects.toMatchObject({ kind: 'crashed', message: 'nft was ended by SIGSEGV' });
      times.push(performance.now() - start);
    }
    expect(times[3]).toBeGreaterThan(400);
    nft.close();
    rmSync(directory, { recursive: true });
  });

  it('that is not there is asked for', async () => {
    const nft = openNft({ program: 'nft-is-not-here' });
    await expect(nft.run('add table inet t')).rejects.toMatchObject({
      name: 'MissingNeed',
      need: 'nft',
      message: expect.stringContaining('install nftables'),
    });
    nft.close();
  });

  it('asks for root when it has not enough rights', () => {
    const program = `
      import { openNft } from ${JSON.stringify(new URL('../../src/dataplane/nft.ts', import.meta.url).href)};
      for (const session of [true, false]) {
        const nft = openNft({ session });
        await nft.run('add table inet t').catch((error) => console.log(error.name, error.need));
        nft.close();
      }`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      uid: 65534,
      gid: 65534,
      encoding: 'utf8',
      cwd: '/',
    });
    expect(said).toBe('MissingNeed root\nMissingNeed root\n');
  });
});
