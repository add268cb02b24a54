import { type Choices, defaultChoices } from '../api/choices.ts';
import { type Cluster, differenceOf, emptyCluster } from '../cluster/cluster.ts';
import { PolicyModel } from '../policy/policy-model.ts';

/** A cluster ready to be asked: the snapshot with its compiled model. */
export class Analysis {
  readonly cluster: Cluster;
  readonly model: PolicyModel;
  readonly #alternatives = new Map<string, PolicyModel>();

  constructor(cluster: Cluster, choices: Choices = defaultChoices) {
    this.cluster = cluster;
    this.model = modelOf(cluster, choices);
  }

  /** The model of the same cluster with other choices, compiled when it is first asked for. */
  under(choices: Choices): PolicyModel {
    const key = JSON.stringify(choices);
    let model = this.#alternatives.get(key);
    if (model === undefined) {
      model = modelOf(this.cluster, choices);
      this.#alternatives.set(key, model);
    }
    return model;
  }
}

function modelOf(cluster: Cluster, choices: Choices): PolicyModel {
  const model = new PolicyModel(choices);
  model.update(differenceOf(emptyCluster, cluster));
  return model;
}
