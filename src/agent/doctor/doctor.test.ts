import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Examined } from '#core/enforcement/examination.ts';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { examine } from './check.ts';
import { roomIn } from './checks/conntrack-room.ts';
import { checks } from './checks.ts';
import { Machine } from './machine.ts';

describe.skipIf(process.getuid?.() !== 0)('a doctor in a network namespace (needs root)', () => {
  let namespace: number;
  let results: string;
  beforeEach(() => {
    namespace = createNamespace();
    results = mkdtempSync(join(tmpdir(), 'sallyport-doctor-'));
  });
  afterEach(() => {
    closeSync(namespace);
    rmSync(results, { recursive: true });
  });

  /** Runs a shell script in the namespace. */
  const run = (script: string): string =>
    withNamespace(namespace, () => execFileSync('sh', ['-ec', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  const nft = (script: string): string =>
    withNamespace(namespace, () => execFileSync('nft', ['-f', '-'], { input: script, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] }));
  const examineAll = async (options = {}): Promise<Map<string, Examined>> => {
    const machine = new Machine({ namespace, cniResults: results, ...options });
    const found = new Map<string, Examined>();
    for (const check of checks) found.set(check.name, await examine(check, machine));
    return found;
  };
  /** What is found besides `ok`, each as `check: severity: message`. */
  const findings = async (options = {}): Promise<string[]> =>
    [...(await examineAll(options)).values()].flatMap(({ check, hindrances }) =>
      hindrances.map(({ severity, message }) => `${check}: ${severity}: ${message}`),
    );
  /** Has a network plugin write down a pod. */
  const writePod = (address: string): void =>
    writeFileSync(
      join(results, `pod-${address}`),
      JSON.stringify({
        ifName: 'eth0',
        cniArgs: [
          ['K8S_POD_NAMESPACE', 'shop'],
          ['K8S_POD_NAME', 'web'],
        ],
        result: { ips: [{ address: `${address}/24` }] },
      }),
    );

  test('finds nothing where nothing is', async () => {
    const found = await examineAll();
    expect([...found.values()].filter(({ state }) => state !== 'ok')).toEqual([]);
    expect([...found.keys()]).toEqual(checks.map(({ name }) => name));
    // Nothing that it tried is left.
    expect(run('nft list ruleset')).toBe('');
  });

  test('takes our own table for nobody else', async () => {
    nft(
      'table inet sallyport {\n chain c {\n type filter hook forward priority -5; policy drop;\n notrack\n ct mark set 0x01000000\n }\n}',
    );
    expect(await findings()).toEqual([]);
  });

  test('finds other filters of what is forwarded that drop the rest, and says whose they are', async () => {
    nft(`table inet a {
      chain dropping { type filter hook forward priority 0; policy drop; }
      chain rejecting { type filter hook forward priority 1; iif lo accept; counter reject; }
      chain accepting { type filter hook forward priority 2; ip saddr 192.0.2.1 drop; }
      chain arriving { type filter hook input priority 0; policy drop; }
    }`);
    const found = await findings();
    expect(found).toHaveLength(2);
    expect(found[0]).toContain('firewalls: warning: table inet a, chain dropping drops');
    expect(found[1]).toContain('firewalls: warning: table inet a, chain rejecting drops');
    nft('table inet firewalld { }');
    expect((await examineAll()).get('firewalls')?.hindrances[0]).toMatchObject({
      message: expect.stringContaining('(firewalld)'),
      remedy: expect.stringContaining('firewall-cmd'),
    });
  });

  test("knows ufw's and Docker's filters", async () => {
    nft('table ip filter {\n chain ufw-before-forward { }\n chain FORWARD { type filter hook forward priority 0; policy drop; }\n}');
    expect((await examineAll()).get('firewalls')?.hindrances[0]?.remedy).toContain('ufw route allow');
    nft('delete chain ip filter ufw-before-forward\nadd chain ip filter DOCKER-USER');
    expect((await examineAll()).get('firewalls')?.hindrances[0]?.message).toContain('(Docker)');
  });

  test('finds flow tables', async ({ skip }) => {
    run('ip link add one type veth peer name two');
    try {
      nft('table inet a {\n flowtable fast { hook ingress priority 0; devices = { one, two }; }\n}');
    } catch {
      skip('this kernel has no flow tables');
    }
    expect(await findings()).toEqual([expect.stringContaining('flowtables: problem: flow table fast in table inet a')]);
  });

  test('finds rules that keep packets out of connection tracking', async () => {
    nft('table inet a {\n chain c {\n type filter hook prerouting priority -300\n udp dport 53 notrack\n }\n}');
    expect(await findings()).toEqual([expect.stringContaining('notrack: problem: table inet a, chain c: notrack')]);
  });

  test.each([
    ['the whole mark', 'ct mark set 0x1', '0xff000000'],
    ['that of the packet', 'ct mark set meta mark', '0xff000000'],
    ['bits beside others', 'ct mark set ct mark and 0x0fffffff or 0x20000000', '0xf0000000'],
    ['one bit more', 'ct mark set ct mark or 0x01000000', '0x1000000'],
  ])('finds who writes our bits of marks: %s', async (_, rule, bits) => {
    nft(`table inet a {\n chain c {\n type filter hook prerouting priority 0\n ${rule}\n }\n}`);
    expect(await findings()).toEqual([expect.stringContaining(`marks: problem: table inet a, chain c writes bits ${bits} `)]);
  });

  test.each([
    ['writes other bits', 'ct mark set ct mark and 0xffffff00 or 0x7'],
    ['adds other bits', 'ct mark set ct mark or 0x4000'],
    ['reads marks', 'ct mark 0x1 accept'],
    ['writes marks of packets', 'meta mark set 0xff000000'],
  ])('says nothing of who %s', async (_, rule) => {
    nft(`table inet a {\n chain c {\n type filter hook prerouting priority 0\n ${rule}\n }\n}`);
    expect(await findings()).toEqual([]);
  });

  test('finds what iptables does of these, with a doubt where nft does not show it', async ({ skip }) => {
    try {
      run(
        'iptables-nft -t raw -A PREROUTING -p udp --dport 53 -j NOTRACK; iptables-nft -t mangle -A PREROUTING -j CONNMARK --set-xmark 0x1/0x1',
      );
    } catch {
      skip('needs iptables');
    }
    expect(await findings()).toEqual([
      expect.stringContaining('notrack: warning: table ip raw, chain PREROUTING: -j CT'),
      expect.stringContaining('marks: warning: table ip mangle, chain PREROUTING: -j CONNMARK'),
    ]);
  });

  test.each([
    ['Calico', () => nft('table ip filter {\n chain cali-FORWARD { }\n}')],
    ['Calico', () => run('ip link add calidead0beef00 type veth peer name x')],
    ['Cilium', () => run('ip link add cilium_host type veth peer name cilium_net')],
    ['kube-router', () => nft('table ip filter {\n chain KUBE-NWPLCY-DEFAULT { }\n}')],
    ['kube-network-policies', () => nft('table inet kube-network-policies { }')],
    ['Antrea', () => run('ip link add antrea-gw0 type veth peer name x')],
    ['Weave Net', () => nft('table ip filter {\n chain WEAVE-NPC { }\n}')],
  ])('finds %s at work', async (name, make) => {
    make();
    expect(await findings()).toEqual([expect.stringContaining(`engines: problem: ${name} is at work here`)]);
  });

  test("tells kube-proxy's mode, and rules that are left of another", async () => {
    nft('table ip kube-proxy {\n chain services { }\n}');
    expect((await examineAll()).get('kube-proxy')).toMatchObject({ state: 'ok', summary: 'mode nftables' });
    nft('table ip nat {\n chain KUBE-SERVICES { }\n}');
    expect((await examineAll()).get('kube-proxy')).toMatchObject({ state: 'warning', summary: 'mode nftables and iptables' });
    nft('flush ruleset');
    run('ip link add kube-ipvs0 type veth peer name x');
    expect(await findings()).toEqual([expect.stringContaining('kube-proxy: warning: kube-proxy balances with IPVS')]);
  });

  test('finds links of pods from which a pod may send as another, unless somebody looks', async () => {
    run('ip link add veth1 type veth peer name eth0; ip link set veth1 up; ip route add 192.0.2.7/32 dev veth1');
    run('for each in all veth1; do echo 0 >/proc/sys/net/ipv4/conf/$each/rp_filter; done');
    expect(await findings()).toEqual([]);
    writePod('192.0.2.7');
    expect(await findings()).toEqual([expect.stringContaining('reverse-path: warning: from veth1 a pod may send')]);
    nft('table inet sallyport {\n chain c {\n iifname "veth*" fib saddr . iif oif missing drop\n }\n}');
    expect(await findings()).toEqual([]);
    nft('flush ruleset');
    run('echo 1 >/proc/sys/net/ipv4/conf/veth1/rp_filter');
    expect(await findings()).toEqual([]);
  });

  test('finds pods on a bridge that meet no rule', async () => {
    run('ip link add cni0 type bridge; ip address add 192.0.2.1/24 dev cni0; ip link set cni0 up');
    run('[ ! -e /proc/sys/net/bridge ] || echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables');
    writePod('192.0.2.7');
    const found = await examineAll();
    expect(found.get('bridges')?.hindrances).toMatchObject([
      {
        severity: 'problem',
        message: expect.stringContaining('pods on cni0'),
        remedy: expect.stringContaining('net.bridge.bridge-nf-call-iptables=1'),
      },
    ]);
  });

  test("finds an nft that is too old, one that dies of somebody's table, and one that is not there", async () => {
    const directory = join(results, 'bin');
    mkdirSync(directory);
    const program = (name: string, script: string): string => {
      writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(directory, name), 0o755);
      return join(directory, name);
    };
    const real = run('command -v nft').trim();
    const old = program('old', `[ "$1" != --version ] || { echo 'nftables v0.9.8 (E.D.S.)'; exit; }; exec ${real} "$@"`);
    expect(await findings({ nft: old })).toEqual([expect.stringContaining('nft: problem: nft 0.9.8 is older than 1.0.1')]);
    nft('table inet newer { }\ntable inet plain {\n chain c { type filter hook forward priority 0; policy drop; }\n}');
    const dying = program('dying', `case "$*" in *'list table inet newer'*) kill -SEGV $$ ;; esac; exec ${real} "$@"`);
    const found = await findings({ nft: dying });
    expect(found[0]).toContain('tables: warning: nft cannot list table inet newer (nft was ended by SIGSEGV)');
    // What the others hold is found all the same.
    expect(found[1]).toContain('table inet plain, chain c drops');
    const gone = [...(await examineAll({ nft: join(directory, 'none') })).values()];
    expect(gone.find(({ check }) => check === 'nft')).toMatchObject({
      state: 'skipped',
      summary: expect.stringContaining('install nftables'),
    });
  });
});

test('every check has a row in the guide', () => {
  const guide = readFileSync(new URL('../../../docs/troubleshoot.md', import.meta.url), 'utf8');
  for (const name of [...checks.map((check) => check.name), 'self-test']) expect(guide).toContain(`| \`${name}\` | `);
});

test.each([
  [0, 0, []],
  [74, 100, []],
  [75, 100, ['warning']],
  [95, 100, ['problem']],
])('%i of %i connections', (count, max, severities) => {
  expect(roomIn(count, max).map(({ severity }) => severity)).toEqual(severities);
});
