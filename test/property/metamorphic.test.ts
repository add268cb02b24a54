import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubernetesObject } from '#core/api/types.ts';
import { clusterOf, podsOf } from '#core/cluster/cluster.ts';
import { type TrafficAnswer, trafficMeant } from '#core/connectivity/answers.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import type { Difference } from '#core/connectivity/difference.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import { addressesFrom, formatRanges, subtractAddresses } from '#core/net/address-set.ts';
import { parseIp } from '#core/net/ip.ts';
import { equalTraffic, intersectTraffic } from '#core/net/port-set.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { rangesAddresses } from '#core/verdict/endpoint-name.ts';
import type { RawCluster, RawPolicy } from '../reference/raw.ts';
import { decoded, rawCluster } from './arbitraries.ts';
import { rawPolicy } from './policy-arbitraries.ts';

// What must not change an answer, and what may only add to it. The changes are made to clusters as written, before the door.

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const analysisOf = (raw: RawCluster): Analysis => new Analysis(clusterOf(decoded(raw)));
const writtenAs = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

/** Rebuilds every object and list of a value, the innermost first. */
function rewrite(value: Json, of: (value: Json, key: string | undefined) => Json, key?: string): Json {
  if (Array.isArray(value))
    return of(
      value.map((item) => rewrite(item, of)),
      key,
    );
  if (typeof value !== 'object' || value === null) return of(value, key);
  return of(Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rewrite(inner, of, name)])), key);
}

const withPolicies = (raw: RawCluster, of: (policy: RawPolicy) => RawPolicy): RawCluster => ({ ...raw, policies: raw.policies.map(of) });

/**
 * Who can reach whom on what and why. Addresses outside go by those that nobody has: whether the ranges of an endpoint reach over an address that
 * a pod has, which is another endpoint anyway, depends on the blocks that policies name.
 */
const matrixOf = ({ cluster, model }: Analysis): unknown => {
  const owned = addressesFrom(
    [...podsOf(cluster), ...cluster.nodes.values()].flatMap(({ addresses }) => addresses.map((each) => parseIp(each)!)),
  );
  const { endpoints, connections } = connectivityOf({ cluster, model }, { denied: true });
  const names = new Map(
    endpoints.map(({ id, ranges }) => [
      id,
      ranges === undefined ? id : formatRanges(subtractAddresses(rangesAddresses(ranges), owned)).join(),
    ]),
  );
  return {
    endpoints: endpoints.map(({ id, ranges: _, ...endpoint }) => ({ ...endpoint, id: names.get(id) })),
    connections: Array.from(connections, ({ from, to, ...answer }) => ({ ...answer, from: names.get(from), to: names.get(to) })),
  };
};

function expectSame(before: Analysis, after: Analysis): void {
  const difference = differenceBetween(before, after);
  expect(pairsOf(difference)).toEqual({ added: [], removed: [], changed: [] });
  expect(matrixOf(after)).toEqual(matrixOf(before));
}

const pairsOf = ({ added, removed, changed }: Difference): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries({ added, removed, changed }).map(([name, list]) => [name, list.map(({ from, to }) => `${from} -> ${to}`)]),
  );

const holds = (larger: TrafficAnswer, smaller: TrafficAnswer): boolean =>
  equalTraffic(intersectTraffic(trafficMeant(larger), trafficMeant(smaller)), trafficMeant(smaller));

/** Nothing is lost: pairs come, and pairs that change may do more. */
function expectAdded(before: Analysis, after: Analysis): void {
  const { removed, changed } = differenceBetween(before, after);
  expect(removed).toEqual([]);
  for (const { from, to, before: was, after: is, partialBefore = was, partialAfter = is, results = [] } of changed) {
    expect({ from, to, every: holds(is, was), some: holds(partialAfter, partialBefore) }).toEqual({ from, to, every: true, some: true });
    for (const result of results) expect({ from, to, member: holds(result.after, result.before) }).toEqual({ from, to, member: true });
  }
}

test('a policy that selects nothing changes nothing', () => {
  const selectsNothing = rawPolicy(['alpha', 'beta']).map((policy): RawPolicy => {
    const { podSelector: _, ...spec } = (policy.spec ?? {}) as { podSelector?: unknown };
    // The rules may say what they like: only what they cut out of the addresses outside is seen, which is joined again.
    return {
      ...policy,
      metadata: { ...policy.metadata, name: 'idle' },
      spec: { ...spec, podSelector: { matchLabels: { app: 'nobody' } } },
    };
  });
  fc.assert(
    fc.property(rawCluster, selectsNothing, (raw, policy) => {
      expectSame(analysisOf(raw), analysisOf({ ...raw, policies: [...raw.policies, policy] }));
    }),
    { numRuns: 100 },
  );
});

/** The halves of a block; undefined for a single address, and for IPv4 addresses written in IPv6, which nobody splits by hand. */
function halvesOf(cidr: string): [string, string] | undefined {
  const [address = '', length = ''] = cidr.split('/');
  const bits = address.includes(':') ? 128 : 32;
  if (Number(length) === bits || address.includes('.') === address.includes(':')) return undefined;
  const value = numberOf(address) & ~((1n << BigInt(bits - Number(length))) - 1n);
  const second = value + (1n << BigInt(bits - Number(length) - 1));
  return [value, second].map((each) => `${textOf(each, bits)}/${Number(length) + 1}`) as [string, string];
}

function numberOf(address: string): bigint {
  if (!address.includes(':')) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const parts = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const [head = [], tail] = parts;
  const words = tail === undefined ? head : [...head, ...new Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return words.reduce((sum, word) => sum * 65536n + BigInt(`0x${word}`), 0n);
}

function textOf(value: bigint, bits: number): string {
  const [width, base] = bits === 32 ? [8n, 10] : [16n, 16];
  const parts = Array.from(
    { length: bits / Number(width) },
    (_, index) => (value >> (BigInt(bits) - width * BigInt(index + 1))) & ((1n << width) - 1n),
  );
  return parts.map((part) => part.toString(base)).join(bits === 32 ? '.' : ':');
}

/** A peer that is a block as two peers, its exceptions with the half that holds them; one that is a half itself leaves none of it. */
function splitPeer(peer: Json): Json[] {
  const { ipBlock } = (peer ?? {}) as { ipBlock?: { cidr: string; except?: string[] | null } };
  const halves = ipBlock && halvesOf(ipBlock.cidr);
  if (halves === undefined) return [peer];
  const excepts = ipBlock!.except ?? [];
  if (excepts.some((except) => except.startsWith('::ffff:'))) return [peer];
  return halves.flatMap((cidr) => {
    const inside = excepts.filter((except) => holdsBlock(cidr, except));
    if (inside.some((except) => holdsBlock(except, cidr))) return [];
    return [writtenAs({ ipBlock: { cidr, ...(inside.length > 0 && { except: inside }) } })];
  });
}

function holdsBlock(outer: string, inner: string): boolean {
  const [[a = '', m = ''], [b = '', n = '']] = [outer.split('/'), inner.split('/')];
  if (a.includes(':') !== b.includes(':') || Number(n) < Number(m)) return false;
  const shift = BigInt((a.includes(':') ? 128 : 32) - Number(m));
  return numberOf(a) >> shift === numberOf(b) >> shift;
}

test('a block that is split into its halves changes nothing', () => {
  const split = (policy: RawPolicy): RawPolicy =>
    rewrite(writtenAs(policy), (value, key) => {
      if (!Array.isArray(value)) return value;
      if (key === 'networks') return value.flatMap((cidr) => halvesOf(cidr as string) ?? [cidr]);
      if (key !== 'from' && key !== 'to') return value;
      const peers = value.flatMap(splitPeer);
      // A list of peers that has become empty would be any peer.
      return peers.length === 0 ? value : peers;
    }) as unknown as RawPolicy;
  fc.assert(
    fc.property(rawCluster, (raw) => {
      expectSame(analysisOf(raw), analysisOf(withPolicies(raw, split)));
    }),
    { numRuns: 100 },
  );
});

/** Lists of which the order means nothing: not the rules of a ClusterNetworkPolicy, of which the first that matches decides. */
const unordered: ReadonlySet<string> = new Set([
  'from',
  'to',
  'ports',
  'protocols',
  'networks',
  'except',
  'policyTypes',
  'matchExpressions',
  'values',
]);

test('the order of objects, rules, peers and ports changes nothing', () => {
  fc.assert(
    fc.property(rawCluster, (raw) => {
      const turned = withPolicies(raw, (policy) => {
        const isTurned = (key: string | undefined): boolean =>
          key !== undefined && (unordered.has(key) || (policy.kind === 'NetworkPolicy' && (key === 'ingress' || key === 'egress')));
        return rewrite(writtenAs(policy), (value, key) =>
          Array.isArray(value) && isTurned(key) ? value.toReversed() : value,
        ) as unknown as RawPolicy;
      });
      const objects: readonly KubernetesObject[] = decoded(turned);
      expectSame(analysisOf(raw), new Analysis(clusterOf(objects.toReversed())));
    }),
    { numRuns: 100 },
  );
});

test('labels that are renamed everywhere change nothing', () => {
  const renamed = (key: string): string =>
    key === 'app' ? 'example.com/component' : key === 'team' ? 'owner' : key === 'zone' ? 'area' : key;
  const values: Readonly<Record<string, string>> = {
    web: 'front',
    db: 'store',
    x: 'y',
    red: 'crimson',
    blue: 'navy',
    one: 'first',
    two: 'second',
  };
  const value = (text: string): string => values[text] ?? text;
  const labels = (written: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(written).map(([key, text]) => [renamed(key), value(text)]));
  const selector = (written: Json, key: string | undefined): Json => {
    if (key === 'matchLabels' && written !== null) return labels(written as Record<string, string>);
    if (key !== 'matchExpressions' || !Array.isArray(written)) return written;
    return (written as { key: string; operator: string; values?: string[] }[]).map((each) => ({
      ...each,
      key: renamed(each.key),
      ...(each.values && { values: each.values.map(value) }),
    }));
  };
  const renameAll = (raw: RawCluster): RawCluster => ({
    namespaces: raw.namespaces.map((each) => ({ ...each, labels: labels(each.labels) })),
    nodes: (raw.nodes ?? []).map((each) => ({ ...each, labels: labels(each.labels) })),
    pods: raw.pods.map((each) => ({ ...each, labels: labels(each.labels) })),
    policies: raw.policies.map((policy) => rewrite(writtenAs(policy), selector) as unknown as RawPolicy),
  });
  fc.assert(
    fc.property(rawCluster, (raw) => {
      expect(matrixOf(analysisOf(renameAll(raw)))).toEqual(matrixOf(analysisOf(raw)));
    }),
    { numRuns: 100 },
  );
});

type Rules = Readonly<Record<'ingress' | 'egress', readonly unknown[] | null | undefined>> & { policyTypes?: readonly string[] | null };

test('a rule that is added to a NetworkPolicy only adds', () => {
  const donor = rawPolicy(['alpha']).map(({ spec }) => (spec ?? {}) as Rules);
  fc.assert(
    fc.property(rawCluster, fc.nat(), donor, fc.constantFrom('ingress' as const, 'egress' as const), (raw, nth, from, direction) => {
      const candidates = raw.policies.filter(({ kind }) => kind === 'NetworkPolicy');
      const chosen = candidates[nth % candidates.length]!;
      const longer = withPolicies(raw, (policy) => {
        if (policy !== chosen) return policy;
        const spec = (policy.spec ?? {}) as Rules;
        return { ...policy, spec: { ...spec, ...typesOf(spec), [direction]: [...(spec[direction] ?? []), ...(from[direction] ?? [])] } };
      });
      expectAdded(analysisOf(raw), analysisOf(longer));
    }),
    { numRuns: 100 },
  );
});

/** Types that are not written, as they are filled in: an egress rule more would make another. Source: semantics.md section 1.2. */
const typesOf = ({ policyTypes, egress }: Rules): Pick<Rules, 'policyTypes'> =>
  policyTypes?.length ? {} : { policyTypes: ['Ingress', ...(egress?.length ? ['Egress'] : [])] };

test('a NetworkPolicy for pods that are isolated already only adds', () => {
  const isolating: readonly RawPolicy[] = ['alpha', 'beta', 'gamma', 'delta'].map((namespace) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name: 'isolate' },
    spec: { policyTypes: ['Ingress', 'Egress'] },
  }));
  const another = rawPolicy(['alpha', 'beta']).map((policy) => ({ ...policy, metadata: { ...policy.metadata, name: 'another' } }));
  fc.assert(
    fc.property(rawCluster, another, (raw, policy) => {
      const isolated = { ...raw, policies: [...raw.policies, ...isolating] };
      expectAdded(analysisOf(isolated), analysisOf({ ...isolated, policies: [...isolated.policies, policy] }));
    }),
    { numRuns: 100 },
  );
});
