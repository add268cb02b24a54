import { type ChoiceName, type Choices, defaultChoices } from '../api/choices.ts';
import { type Cluster, differenceOf, emptyCluster } from '../cluster/cluster.ts';
import { type PotentialName, potentialId, withPotentialPods } from '../cluster/potential-pods.ts';
import { PolicyModel } from '../policy/policy-model.ts';

/** A cluster ready to be asked: the snapshot with its compiled model. It does not change. */
export class Analysis {
  /** @internal */
  readonly cluster: Cluster;
  /** @internal */
  readonly model: PolicyModel;
  readonly #alternatives = new Map<string, PolicyModel>();
  readonly #extended = new Map<string, Analysis>();

  /**
   * Choices that are no question: it is known what the network plugin does.
   *
   * @internal
   */
  readonly settled: ReadonlySet<ChoiceName>;

  /**
   * A model that is given must be that of the cluster, under these choices.
   *
   * @internal
   */
  constructor(
    cluster: Cluster,
    choices: Choices = defaultChoices,
    settled: ReadonlySet<ChoiceName> = new Set(),
    model: PolicyModel = modelOf(cluster, choices),
  ) {
    this.cluster = cluster;
    this.settled = settled;
    this.model = model;
  }

  /**
   * The model of the same cluster with other choices, compiled when it is first asked for.
   *
   * @internal
   */
  under(choices: Choices): PolicyModel {
    const key = JSON.stringify(choices);
    let model = this.#alternatives.get(key);
    if (model === undefined) {
      model = modelOf(this.cluster, choices);
      this.#alternatives.set(key, model);
    }
    return model;
  }

  /**
   * The same cluster with pods that do not exist but could.
   *
   * @internal
   */
  withPotential(names: readonly PotentialName[]): Analysis {
    const key = names.map(potentialId).sort().join('\n');
    let analysis = this.#extended.get(key);
    if (analysis === undefined) {
      analysis = new Analysis(withPotentialPods(this.cluster, names), this.model.choices, this.settled);
      this.#extended.set(key, analysis);
    }
    return analysis;
  }
}

function modelOf(cluster: Cluster, choices: Choices): PolicyModel {
  const model = new PolicyModel(choices);
  model.update(differenceOf(emptyCluster, cluster));
  return model;
}
