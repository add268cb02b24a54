import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterOf, podsOf } from '#core/cluster/cluster.ts';
import type { TrafficAnswer } from '#core/connectivity/answers.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import { workloadId } from '#core/connectivity/located-pods.ts';
import { hasAddress } from '#core/net/address-set.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { checkConnection } from '#core/verdict/answer.ts';
import { podId } from '#core/verdict/endpoint.ts';
import { rangesAddresses } from '#core/verdict/endpoint-name.ts';
import { isSamePod, type Party, partyAt, partyOf } from '#core/verdict/party.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import { judge } from '#core/verdict/verdict.ts';
import type { RawCluster } from '../reference/raw.ts';
import { addressesIn, decoded, interestingPort, rawCluster } from './arbitraries.ts';
import { lets } from './matrix-oracle.ts';

const analysisOf = (raw: RawCluster): Analysis => new Analysis(clusterOf(decoded(raw)));

const isSix = (address: string): boolean => address.includes(':');

/**
 * Live pods, no two bare ones of them alike, of which some are in the networks of their nodes before, and some after; always with addresses of the
 * same families.
 */
const moved: fc.Arbitrary<readonly [RawCluster, RawCluster]> = fc
  .tuple(rawCluster, fc.func(fc.boolean()), fc.func(fc.boolean()))
  .map(([raw, isBefore, isAfter]) => {
    const live = raw.pods.filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed');
    const hosting = (isHost: (name: string) => boolean): RawCluster => ({
      ...raw,
      pods: live.map((pod, place) => {
        const { hostNetwork, ...rest } = { ...pod, ...(pod.owner === undefined && { labels: { ...pod.labels, number: `${place}` } }) };
        const own = (address: string): string => (isSix(address) ? `fd00:10:244:9::${place + 1}` : `10.244.9.${place + 1}`);
        const there = (raw.nodes ?? []).find(({ name }) => name === pod.node)?.ips ?? [];
        const ofNode = pod.ips.flatMap((address) => there.find((each) => isSix(each) === isSix(address)) ?? []);
        if (isHost(`${pod.ns}/${pod.name}`) && ofNode.length > 0 && ofNode.length === pod.ips.length)
          return { ...rest, hostNetwork: true, ips: ofNode };
        return { ...rest, ips: hostNetwork ? pod.ips.map(own) : pod.ips };
      }),
    });
    return [hosting(isBefore), hosting(isAfter)];
  });

/** Whoever can be an end in both clusters, by a name: pods by that of their workload, if they have one. */
function endsIn({ cluster, model }: Analysis, raw: RawCluster): ReadonlyMap<string, readonly Party[]> {
  const pods = Map.groupBy(podsOf(cluster), (pod) => workloadId(pod) ?? podId(pod));
  const endpoints = Array.from(pods, ([id, members]) => {
    const parties = members.flatMap((pod) => pod.addresses.map((address) => partyOf(model, pod, address)));
    return [id, parties] as const;
  });
  const strangers = addressesIn(raw, 4).strangers.map((address) => [address, [partyAt(model, address)]] as const);
  const nodes = [...cluster.nodes.values()].map(
    ({ name, addresses }) => [`node:${name}`, addresses.map((address) => partyAt(model, address))] as const,
  );
  return new Map<string, readonly Party[]>([...endpoints, ...strangers, ...nodes]);
}

/** What each pair of addresses of two ends may do. */
function allows({ model }: Analysis, from: readonly Party[], to: readonly Party[], port: number): boolean[] {
  const meetings = from.flatMap((a) => to.flatMap((b) => (a.ip.family === b.ip.family && !isSamePod(a, b) ? [[a, b] as const] : [])));
  return meetings.map(([a, b]) => judge(model, { from: a, to: b, protocol: 'TCP', port }).allowed);
}

test('what a pod gains or loses by going to the network of its node, or coming from it, is in the difference', () => {
  let seen = 0;
  fc.assert(
    fc.property(moved, interestingPort, ([rawBefore, rawAfter], port) => {
      const [before, after] = [analysisOf(rawBefore), analysisOf(rawAfter)];
      const { added, removed, changed, endpoints } = differenceBetween(before, after);
      const pairs = new Set([...added, ...removed, ...changed].map(({ from, to }) => `${from} -> ${to}`));
      const homesOf = (name: string): string[] =>
        endpoints
          .filter(({ id, members, ranges }) =>
            ranges === undefined
              ? id === name || members?.includes(name)
              : /^[\d.]+$/.test(name) && hasAddress(rangesAddresses(ranges), partyAt(before.model, name).ip),
          )
          .map(({ id }) => id);
      const [old, now] = [endsIn(before, rawBefore), endsIn(after, rawAfter)];
      for (const [from, sources] of old)
        for (const [to, destinations] of old) {
          const others = [now.get(from), now.get(to)] as const;
          if (from === to || others[0] === undefined || others[1] === undefined) continue;
          const [was, is] = [allows(before, sources, destinations, port), allows(after, others[0], others[1], port)];
          // Of several addresses it is enough to look at those that are all open or all closed.
          const [first, second] = [new Set(was), new Set(is)];
          if (first.size !== 1 || second.size !== 1 || was[0] === is[0]) continue;
          seen++;
          const asked = `${from} -> ${to} TCP/${port}`;
          const listed = homesOf(from).some((a) => homesOf(to).some((b) => pairs.has(`${a} -> ${b}`)));
          expect({ asked, listed }).toEqual({ asked, listed: true });
        }
    }),
    { numRuns: 150 },
  );
  expect(seen).toBeGreaterThan(50);
});

test('of pods that change networks the difference says what all and what some of their connections may do', () => {
  fc.assert(
    fc.property(moved, interestingPort, ([rawBefore, rawAfter], port) => {
      const [before, after] = [analysisOf(rawBefore), analysisOf(rawAfter)];
      const { added, removed, changed } = differenceBetween(before, after);
      type Said = readonly [was: readonly TrafficAnswer[], is: readonly TrafficAnswer[]];
      const whole = (traffic: TrafficAnswer, partial = traffic): readonly TrafficAnswer[] => [traffic, partial];
      const said = new Map<string, Said>([
        ...added.map(({ from, to, traffic, partial }): [string, Said] => [`${from} -> ${to}`, [whole([]), whole(traffic, partial)]]),
        ...removed.map(({ from, to, traffic, partial }): [string, Said] => [`${from} -> ${to}`, [whole(traffic, partial), whole([])]]),
        ...changed.map(({ from, to, ...each }): [string, Said] => [
          `${from} -> ${to}`,
          [whole(each.before, each.partialBefore), whole(each.after, each.partialAfter)],
        ]),
      ]);
      const isHost = (raw: RawCluster, name: string): boolean =>
        raw.pods.some((pod) => pod.hostNetwork === true && pod.owner === undefined && `${pod.ns}/Pod/${pod.name}` === name);
      const [old, now] = [endsIn(before, rawBefore), endsIn(after, rawAfter)];
      const names = [...old.keys()].filter((name) => now.has(name) && !/^[\d.]+$/.test(name));
      for (const from of names)
        for (const to of names) {
          if (![from, to].some((name) => isHost(rawBefore, name) !== isHost(rawAfter, name)) || from === to) continue;
          const was = allows(before, old.get(from)!, old.get(to)!, port);
          const is = allows(after, now.get(from)!, now.get(to)!, port);
          if (was.length === 0 || is.length === 0) continue;
          const asked = `${from} -> ${to} TCP/${port}`;
          const verdicts = [was.every(Boolean), was.some(Boolean), is.every(Boolean), is.some(Boolean)];
          const answer = said.get(`${from} -> ${to}`)?.flatMap((each) => each.map((traffic) => lets(traffic, 'TCP', port)));
          if (answer === undefined) expect({ asked, is: verdicts.slice(2) }).toEqual({ asked, is: verdicts.slice(0, 2) });
          else expect({ asked, answer }).toEqual({ asked, answer: verdicts });
        }
    }),
    { numRuns: 100 },
  );
});

test('every pair that is said to change by that has a witness, which one cluster allows, and a cause', () => {
  fc.assert(
    fc.property(moved, ([rawBefore, rawAfter]) => {
      const [before, after] = [analysisOf(rawBefore), analysisOf(rawAfter)];
      const { added, removed, changed, endpoints } = differenceBetween(before, after);
      // Addresses that a pod has in one of the clusters are somebody else's in the other.
      const comers = new Set(endpoints.filter(({ change }) => change !== undefined).map(({ id }) => id));
      const allows = (analysis: Analysis, flow: (typeof added)[number]['witness']): boolean | undefined => {
        const answer = checkConnection(analysis, flow!);
        return isUnanswerable(answer) ? undefined : answer.allowed;
      };
      for (const { witness, because, from, to } of [...added, ...removed, ...changed]) {
        if (comers.has(from) || comers.has(to)) continue;
        expect(witness, `${from} -> ${to}`).toBeDefined();
        const verdicts = [allows(before, witness), allows(after, witness)];
        expect(verdicts, `${from} -> ${to}`).toContain(true);
        expect(verdicts[0], `${from} -> ${to}`).not.toBe(verdicts[1]);
        expect(because.length, `${from} -> ${to}`).toBeGreaterThan(0);
      }
    }),
    { numRuns: 100 },
  );
});

test('looked at the other way round, what was gained is lost', () => {
  const pairsOf = (list: readonly { readonly from: string; readonly to: string }[]): string[] =>
    list.map(({ from, to }) => `${from} -> ${to}`).sort();
  fc.assert(
    fc.property(moved, ([rawBefore, rawAfter]) => {
      const [before, after] = [analysisOf(rawBefore), analysisOf(rawAfter)];
      const [there, back] = [differenceBetween(before, after), differenceBetween(after, before)];
      expect(pairsOf(back.added)).toEqual(pairsOf(there.removed));
      expect(pairsOf(back.removed)).toEqual(pairsOf(there.added));
      expect(pairsOf(back.changed)).toEqual(pairsOf(there.changed));
    }),
    { numRuns: 60 },
  );
});
