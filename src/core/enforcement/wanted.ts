import type { Choices } from '../api/choices.ts';
import { type KubernetesObject, type PolicyId, qualifiedName } from '../api/types.ts';
import type { PodClass } from '../policy/model.ts';
import { PolicyModel } from '../policy/policy-model.ts';
import type { NodeStatus } from './node-status.ts';

/** A version of a policy, and the nodes on which it matters: those that run pods which it selects. */
export interface WantedPolicy {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly generation?: number;
  /** In their order. */
  readonly nodes: readonly string[];
}

/** The policies among the objects of a cluster, as the API server has them now. Pods without an address have no packets yet. */
export function wantedIn(objects: readonly KubernetesObject[], choices: Choices): WantedPolicy[] {
  const model = new PolicyModel(choices);
  model.update(objects.map((object) => ({ type: 'put', object })));
  const nodesOf = remembering(({ members }: PodClass) =>
    Array.from(members.values()).flatMap(({ node, hostNetwork, addresses }) =>
      node && !hostNetwork && addresses.length > 0 ? [node] : [],
    ),
  );
  return objects.flatMap((object): WantedPolicy[] => {
    if (object.kind !== 'NetworkPolicy' && object.kind !== 'ClusterNetworkPolicy') return [];
    const classes = model.policies.get(qualifiedName(object))?.subjects.classes ?? [];
    const nodes = new Set([...classes].flatMap(nodesOf));
    const { kind, namespace, name, uid, generation } = { namespace: undefined, ...object };
    return [
      { kind, ...(namespace && { namespace }), name, ...(uid && { uid }), ...(generation && { generation }), nodes: [...nodes].sort() },
    ];
  });
}

function remembering<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key)!;
  };
}

/** The policies that agents speak of, where nobody else can be asked: of each the newest version that one of them has. */
export function wantedBy(statuses: readonly NodeStatus[]): WantedPolicy[] {
  const wanted = new Map<string, WantedPolicy>();
  for (const { node, policies } of statuses)
    for (const { kind, namespace, name, uid, generation, subjects } of policies) {
      const key = policyKey({ kind, name, ...(namespace && { namespace }) });
      const known = wanted.get(key);
      const newest = Math.max(known?.generation ?? 0, generation ?? 0);
      wanted.set(key, {
        kind,
        ...(namespace && { namespace }),
        name,
        // Where a policy has been made anew the one with the higher generation need not be the newer: then the uid is left open.
        ...(uid && (known === undefined || known.uid === uid) && { uid }),
        ...(newest > 0 && { generation: newest }),
        nodes: subjects > 0 ? [...(known?.nodes ?? []), node].sort() : (known?.nodes ?? []),
      });
    }
  return [...wanted.values()].sort((a, b) => (policyKey(a) < policyKey(b) ? -1 : 1));
}

/** Tells policies of all kinds apart. */
export const policyKey = ({ kind, namespace = '', name }: Omit<PolicyId, 'kind'> & { readonly kind: string }): string =>
  `${kind} ${namespace}/${name}`;
