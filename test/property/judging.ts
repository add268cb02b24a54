import { type Choices, defaultChoices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { clusterOf, differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { type Party, partyAt } from '#core/verdict/party.ts';
import { judge, type Verdict } from '#core/verdict/verdict.ts';
import type { RawConnection } from '../reference/evaluator.ts';

/** A model that has seen nothing but the objects. */
export function freshModel(objects: Iterable<KubernetesObject>, choices: Choices = defaultChoices): PolicyModel {
  const model = new PolicyModel(choices);
  model.update(differenceOf(emptyCluster, clusterOf(objects)));
  return model;
}

/** The verdict between two addresses. */
export function verdictOf(model: PolicyModel, { from, to, protocol, port }: RawConnection): Verdict {
  const at = (address: string): Party => partyAt(model, address);
  return judge(model, { from: at(from), to: at(to), protocol, port });
}

/** Whether each of the connections is allowed in a cluster of the objects. */
export function allowed(objects: Iterable<KubernetesObject>, connections: readonly RawConnection[], choices?: Choices): boolean[] {
  const model = freshModel(objects, choices);
  return connections.map((connection) => verdictOf(model, connection).allowed);
}
