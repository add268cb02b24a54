import { isPolicyKind, qualifiedName } from '../api/types.ts';
import { applyChanges, type Cluster, type ClusterChange, differenceOf, emptyCluster } from '../cluster/cluster.ts';
import { objectChanges } from '../cluster/object-changes.ts';
import type { AddressSet } from '../net/address-set.ts';
import { PolicyModel } from '../policy/policy-model.ts';
import { Analysis } from '../verdict/analysis.ts';
import { Comparison } from './comparison.ts';
import { ConnectivityIndex } from './connectivity-index.ts';
import type { Difference, DifferenceOptions } from './difference.ts';
import { blocksOf } from './difference-between.ts';
import { type LocatedPods, locatePods } from './located-pods.ts';
import { TrafficTable } from './traffic-table.ts';

/**
 * Answers what changes to a cluster would open and close, one after the other, as an editor does with every keystroke: what `differenceBetween`
 * says, for the cost of what a change touches.
 */
export class WhatIf {
  readonly #before: Analysis;
  readonly #pods: LocatedPods;
  readonly #blocks: ReadonlyMap<string, AddressSet>;
  readonly #traffics = new TrafficTable();
  #index: { readonly key: string; readonly index: ConnectivityIndex } | undefined;
  /** Follows the changes from one question to the next. */
  readonly #model: PolicyModel;
  #cluster: Cluster;
  #located: LocatedPods | undefined;

  /** The analysis must not be changed any more. */
  constructor(before: Analysis) {
    this.#before = before;
    this.#pods = locatePods(before.cluster, before.model);
    this.#blocks = blocksOf(before.model);
    this.#model = new PolicyModel(before.model.choices);
    this.#model.update(differenceOf(emptyCluster, before.cluster));
    this.#cluster = before.cluster;
  }

  /** What the changes, taken together, open and close. Nothing of it stays for the next question. */
  difference(changes: readonly ClusterChange[], options: Omit<DifferenceOptions, 'exposure'> = {}): Difference {
    const cluster = this.#follow(changes);
    const objects = objectChanges(this.#before.cluster, cluster);
    const [old, now] = [this.#blocks, blocksOf(this.#model)];
    const pods = this.#podsAfter();
    const before = this.#indexBefore(beyond(now, old), pods.policed);
    const shared = { traffics: this.#traffics, cuts: [...beyond(old, now).values()], families: this.#pods.policed };
    const after = ConnectivityIndex.of({ cluster, model: this.#model }, shared, pods);
    const sides = [
      { cluster: this.#before.cluster, model: this.#before.model, index: before },
      { cluster, model: this.#model, index: after },
    ] as const;
    const touched = this.#touched(changes);
    return new Comparison(...sides, this.#traffics, objects, { ...options, ...(touched && { touched }) }).difference();
  }

  /**
   * The cluster as it would be after the changes. It holds until the next question.
   *
   * @internal
   */
  analysisAfter(changes: readonly ClusterChange[]): Analysis {
    return new Analysis(this.#follow(changes), this.#model.choices, this.#before.settled, this.#model);
  }

  #follow(changes: readonly ClusterChange[]): Cluster {
    const cluster = applyChanges(this.#before.cluster, changes);
    const steps = differenceOf(this.#cluster, cluster);
    this.#model.update(steps);
    this.#cluster = cluster;
    if (!steps.every(isOfPolicy)) this.#located = undefined;
    return cluster;
  }

  #podsAfter(): LocatedPods {
    this.#located ??= locatePods(this.#cluster, this.#model);
    return this.#located;
  }

  /** The index of the cluster as it is, its address space divided by the blocks as well, and of the families as well. */
  #indexBefore(blocks: ReadonlyMap<string, AddressSet>, families: LocatedPods['policed']): ConnectivityIndex {
    const key = [...blocks.keys(), ...families].sort().join();
    if (this.#index?.key !== key) {
      const shared = { traffics: this.#traffics, cuts: [...blocks.values()], families };
      this.#index = { key, index: ConnectivityIndex.of(this.#before, shared, this.#pods) };
    }
    return this.#index.index;
  }

  /** Of changes to policies alone: the classes of pods that one of them isolates, before or after. Of others nobody can tell. */
  #touched(changes: readonly ClusterChange[]): ReadonlySet<string> | undefined {
    if (!changes.every(isOfPolicy)) return undefined;
    const names = new Set(changes.map((change) => qualifiedName(change.type === 'put' ? change.object : change.id)));
    const versions = [...names].flatMap((name) => [this.#before.model.policies.get(name), this.#model.policies.get(name)]);
    return new Set(versions.flatMap((policy) => Array.from(policy?.subjects.classes ?? [], ({ key }) => key)));
  }
}

const isOfPolicy = (change: ClusterChange): boolean => isPolicyKind((change.type === 'put' ? change.object : change.id).kind);

const beyond = (blocks: ReadonlyMap<string, AddressSet>, others: ReadonlyMap<string, AddressSet>): Map<string, AddressSet> =>
  new Map([...blocks].filter(([key]) => !others.has(key)));
