import { execFileSync } from 'node:child_process';
import { closeSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';

const userNamespace = ['--user', '--map-root-user', '--net'];
const root = fileURLToPath(new URL('../..', import.meta.url));

describe.skipIf(process.getuid?.() !== 0)('a machine without koffi (needs root)', () => {
  let namespace: number;
  let checkout: string;
  const run = (program: string): string =>
    withNamespace(namespace, () =>
      execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: checkout, encoding: 'utf8' }),
    );

  beforeAll(() => {
    namespace = createNamespace();
    checkout = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
    for (const path of ['package.json', 'src/core/net', 'src/dataplane'])
      cpSync(join(root, path), join(checkout, path), { recursive: true });
  });
  afterAll(() => {
    rmSync(checkout, { recursive: true });
    closeSync(namespace);
  });

  it('still runs nft', () => {
    const said = run(`
      import { openNft } from '#dataplane/nft.ts';
      const nft = openNft();
      await nft.run('add table inet t');
      const { nftables } = await nft.list('inet t');
      console.log(nftables[1].table.name);
      nft.close();`);
    expect(said).toBe('t\n');
  });

  it('is told what netlink needs', () => {
    const said = run(`
      import { NetlinkTable } from '#dataplane/netlink-table.ts';
      import { Conntrack } from '#dataplane/conntrack.ts';
      import { createNamespace } from '#dataplane/namespace.ts';
      import { PacketLog } from '#dataplane/nflog.ts';
      const tries = [
        () => new NetlinkTable({ family: 'inet', name: 't' }),
        () => new Conntrack().clearMarks(1),
        () => createNamespace(),
        () => new PacketLog(1),
      ];
      for (const attempt of tries) {
        try {
          await attempt();
        } catch (error) {
          console.log(error.need, error.message);
        }
      }`);
    const expected = 'koffi the optional package `koffi` is needed to call the kernel: run `npm install koffi`\n';
    expect(said).toBe(expected.repeat(4));
  });

  it('forgets connections with the conntrack tool, or is told that it needs one of both', () => {
    const said = run(`
      import { Conntrack } from '#dataplane/conntrack.ts';
      const conntrack = new Conntrack();
      console.log(await conntrack.forgetAddresses(['10.0.0.1']).catch((error) => error.need));
      process.env.PATH = '/nowhere';
      console.log(await conntrack.forgetAddresses(['10.0.0.1']).catch((error) => error.need));`);
    expect(said).toMatch(/^(0|conntrack)\nconntrack\n$/);
  });
});

describe.skipIf(!hasUserNamespaces())('a user namespace (needs unshare --user)', () => {
  it('runs transactions of either kind', () => {
    const program = `
      import { NetlinkTable } from '#dataplane/netlink-table.ts';
      import { createNamespace } from '#dataplane/namespace.ts';
      import { openNft } from '#dataplane/nft.ts';
      const nft = openNft({ namespace: createNamespace() });
      await nft.run('add table inet t');
      nft.close();
      const own = openNft();
      await own.run('add table inet t { set s { type ipv4_addr; }; }');
      const elements = Array.from({ length: 5000 }, (_, index) => ['10.0.' + (index >> 8) + '.' + (index & 255)]);
      new NetlinkTable({ family: 'inet', name: 't' }).commit([{ change: 'add', set: 's', types: ['ipv4_addr'], elements }]);
      const { nftables } = await own.list('inet t');
      console.log(nftables.find(({ set }) => set !== undefined).set.elem.length);
      own.close();`;
    const said = execFileSync('unshare', [...userNamespace, process.execPath, '--input-type=module', '-e', program], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(said).toBe('5000\n');
  });
});

function hasUserNamespaces(): boolean {
  try {
    execFileSync('unshare', [...userNamespace, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
