import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Pod } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { examplePod } from '#test/example-pod.ts';
import { CniResults, networkIn } from './cni-results.ts';
import { EarlyAddresses, type PodNetwork } from './early-addresses.ts';

const pod = examplePod('shop', 'web', { uid: 'one', node: 'n1', phase: 'Pending' });
const put = (rest: Partial<Pod> = {}): ClusterChange => ({ type: 'put', object: { ...pod, ...rest } });
const network: PodNetwork = { namespace: 'shop', pod: 'web', uid: 'one', addresses: ['10.244.1.5'] };
const addressesIn = (changes: readonly ClusterChange[]) =>
  changes.map((change) => (change.type === 'put' ? (change.object as Pod).addresses : 'gone'));

describe('a pod whose address the API server does not know', () => {
  test('gets that of its network, whichever comes first', () => {
    const early = new EarlyAddresses('n1');
    expect(addressesIn(early.fill([put()]))).toEqual([[]]);
    expect(addressesIn(early.learn('a', network))).toEqual([['10.244.1.5']]);
    const late = new EarlyAddresses('n1');
    expect(late.learn('a', network)).toEqual([]);
    expect(addressesIn(late.fill([put()]))).toEqual([['10.244.1.5']]);
  });

  test('loses it with its network, and gets another with another', () => {
    const early = new EarlyAddresses('n1');
    early.learn('a', network);
    early.fill([put()]);
    expect(addressesIn(early.learn('a', undefined))).toEqual([[]]);
    expect(addressesIn(early.learn('b', { ...network, addresses: ['10.244.1.6'] }))).toEqual([['10.244.1.6']]);
  });

  test('has the newest of several', () => {
    const early = new EarlyAddresses('n1');
    early.fill([put()]);
    early.learn('a', network);
    expect(addressesIn(early.learn('b', { ...network, addresses: ['10.244.1.6'] }))).toEqual([['10.244.1.6']]);
    expect(addressesIn(early.learn('b', undefined))).toEqual([['10.244.1.5']]);
  });

  test.each([
    ['of another pod that had its name', {}, { uid: 'two' }],
    ['of a pod of another node', { node: 'n2' }, {}],
    ['in the network of its node', { hostNetwork: true }, {}],
    ['which has ended', { phase: 'Failed' as const }, {}],
  ])('gets none %s', (_, rest, other) => {
    const early = new EarlyAddresses('n1');
    early.learn('a', { ...network, ...other });
    expect(addressesIn(early.fill([put(rest)]))).toEqual([[]]);
  });

  test('has what the API server says as soon as it says it', () => {
    const early = new EarlyAddresses('n1');
    early.learn('a', network);
    early.fill([put()]);
    expect(addressesIn(early.fill([put({ addresses: ['10.244.1.9'] })]))).toEqual([['10.244.1.9']]);
    expect(early.learn('a', undefined)).toEqual([]);
  });

  test('is not spoken of any more when it is gone', () => {
    const early = new EarlyAddresses('n1');
    early.fill([put(), { type: 'delete', id: { kind: 'Pod', namespace: 'shop', name: 'web' } }]);
    expect(early.learn('a', network)).toEqual([]);
  });
});

/** An answer as libcni of containerd 1.6 has kept it, shortened. */
const kept = (changes: object = {}) =>
  JSON.stringify({
    kind: 'cniCacheV1',
    containerId: '4e2a',
    config: 'eyJ9',
    ifName: 'eth0',
    networkName: 'pods',
    cniArgs: [
      ['IgnoreUnknown', '1'],
      ['K8S_POD_NAMESPACE', 'shop'],
      ['K8S_POD_NAME', 'web'],
      ['K8S_POD_INFRA_CONTAINER_ID', '4e2a'],
      ['K8S_POD_UID', 'one'],
    ],
    result: { cniVersion: '1.0.0', dns: {}, ips: [{ address: '10.244.1.5/24', interface: 2 }, { address: 'FD00::5/64' }] },
    ...changes,
  });

describe('what libcni keeps of an answer', () => {
  test('says which pod has which addresses', () => {
    expect(networkIn(kept())).toEqual({ ...network, addresses: ['10.244.1.5', 'fd00::5'] });
  });

  test.each([
    ['half a file', kept().slice(0, 200)],
    ['an empty file', ''],
    ['loopback', kept({ ifName: 'lo' })],
    ['a container that is no pod', kept({ cniArgs: [] })],
    ['no address', kept({ result: { ips: [] } })],
    ['nonsense', '[7]'],
    ['other nonsense', kept({ cniArgs: [7, 'x'], result: { ips: [7, { address: 'x' }] } })],
  ])('says nothing as %s', (_, text) => expect(networkIn(text)).toBeUndefined());

  test('is read as it is written and deleted, also where the directory comes later', async () => {
    const root = mkdtempSync(join(tmpdir(), 'sallyport-cni-'));
    const directory = join(root, 'results');
    const said: [string, readonly string[] | undefined][] = [];
    const results = new CniResults(directory, (place, found) => said.push([place, found?.addresses]));
    try {
      mkdirSync(directory);
      writeFileSync(join(directory, 'pods-4e2a-eth0'), kept());
      await until(() => said.some(([, addresses]) => addresses?.[0] === '10.244.1.5'));
      writeFileSync(join(directory, 'pods-5f3b-eth0'), kept({ result: { ips: [{ address: '10.244.1.6/24' }] } }));
      await until(() => said.some(([, addresses]) => addresses?.[0] === '10.244.1.6'));
      rmSync(join(directory, 'pods-4e2a-eth0'));
      await until(() => said.at(-1)?.[0] === 'pods-4e2a-eth0' && said.at(-1)?.[1] === undefined);
    } finally {
      results.close();
      rmSync(root, { recursive: true });
    }
  });
});

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5000; !isSo(); await sleep(20)) if (Date.now() > deadline) throw new Error('waited in vain');
}
