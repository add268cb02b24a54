import { type Cluster, podsOf } from '../cluster/cluster.ts';
import { objectChanges } from '../cluster/object-changes.ts';
import { potentialPeers, potentialSubjects, withPotentialPods } from '../cluster/potential-pods.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { Analysis } from '../verdict/analysis.ts';
import { Comparison } from './comparison.ts';
import { ConnectivityIndex } from './connectivity-index.ts';
import type { Difference, DifferenceOptions, FullDifference } from './difference.ts';
import { locatePods } from './located-pods.ts';
import { TrafficTable } from './traffic-table.ts';

/**
 * Compares the whole connectivity of two clusters, exactly, as `connectivityOf` has it. That pods run on other nodes than before is no
 * difference, and what only those pods of a workload may do that run on a node is not told. Of a pod that goes to the network of its node, or
 * comes from there, all connections count, though policy knows neither end of some in one of the clusters: there they are open. External
 * addresses are one endpoint where the difference is the same.
 */
export function differenceBetween(before: Analysis, after: Analysis, options: DifferenceOptions = {}): FullDifference {
  const objects = objectChanges(before.cluster, after.cluster);
  const { exposure = false } = options;
  const clusters = [before.cluster, after.cluster];
  const peers = exposure ? [...potentialPeers(clusters), ...(clusters.some(hasPods) ? [] : potentialSubjects(clusters))] : [];
  const extend = ({ cluster, model }: Analysis): Analysis => new Analysis(withPotentialPods(cluster, peers), model.choices);
  const [old, now] = exposure ? [extend(before), extend(after)] : [before, after];
  const traffics = new TrafficTable();
  const pods = new Map([old, now].map((each) => [each, locatePods(each.cluster, each.model)]));
  const index = (one: Analysis, other: Analysis): ConnectivityIndex => {
    const shared = { traffics, cuts: [...blocksOf(other.model).values()], families: pods.get(other)!.policed };
    return ConnectivityIndex.of(one, shared, pods.get(one));
  };
  const sides = [
    { cluster: before.cluster, model: old.model, index: index(old, now) },
    { cluster: after.cluster, model: now.model, index: index(now, old) },
  ] as const;
  const comparison = new Comparison(...sides, traffics, objects, options);
  const difference = comparison.difference();
  const everyone = comparison.everyone(difference);
  return exposure ? { ...withExposure(difference), everyone } : { ...difference, everyone };
}

const hasPods = (cluster: Cluster): boolean => !podsOf(cluster).next().done;

/** The difference with what concerns pods that do not exist apart. */
function withExposure(difference: Difference): Omit<FullDifference, 'everyone'> {
  const potential = new Set(difference.endpoints.filter(({ kind }) => kind === 'Potential').map(({ id }) => id));
  const isReal = ({ from, to }: { readonly from: string; readonly to: string }): boolean => !potential.has(from) && !potential.has(to);
  const part = (isMeant: typeof isReal): Pick<Difference, 'added' | 'removed' | 'changed'> => ({
    added: difference.added.filter(isMeant),
    removed: difference.removed.filter(isMeant),
    changed: difference.changed.filter(isMeant),
  });
  return { ...difference, ...part(isReal), exposure: part((each) => !isReal(each)) };
}

/** The blocks of all rules by their keys: the external addresses of both clusters are divided by those of either. */
export function blocksOf(model: PolicyModel): Map<string, AddressSet> {
  const blocks = new Map<string, AddressSet>();
  for (const { egress = [], ingress = [] } of model.policies.values())
    for (const { peers = [] } of [...egress, ...ingress])
      for (const peer of peers) if (peer.kind === 'addresses') blocks.set(peer.key, peer.addresses);
  return blocks;
}
