import { networkPolicy, policyMeant, typeOf } from '../advise/edit.ts';
import type { Direction, NetworkPolicy } from '../api/types.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { isRuleCovered, selectorCovers } from '../policy/covers.ts';

/** A policy to add: as a manifest has it, and what it means. */
export interface GeneratedPolicy {
  readonly manifest: object;
  readonly policy: NetworkPolicy;
}

/** What is generated, with what a reader should know about it, one sentence each. */
export interface Generated {
  readonly policies: readonly GeneratedPolicy[];
  readonly notes: readonly string[];
}

/** A policy before it has its name. */
export interface Draft {
  /** Another is taken where the namespace has a policy of this name. */
  readonly name: string;
  readonly namespace: string;
  /** For people: who may do what, and why. */
  readonly description: string;
  readonly podSelector: object;
  /** The rules of each direction that it isolates, as a manifest has them. */
  readonly ingress?: readonly object[];
  readonly egress?: readonly object[];
}

/** The annotation that says what an object is for. Source: "Well-Known Labels, Annotations and Taints" in the Kubernetes documentation. */
const descriptionAnnotation = 'kubernetes.io/description';

/** The policies of the drafts, under names that are free. */
export function named(cluster: Cluster, drafts: readonly Draft[]): GeneratedPolicy[] {
  const taken = new Set<string>();
  return drafts.map((draft) => {
    const name = freeName(cluster, taken, draft);
    taken.add(`${draft.namespace}/${name}`);
    return generatedPolicy({ ...draft, name });
  });
}

/** The policy of a draft under its own name. */
function generatedPolicy({ name, namespace, description, podSelector, ingress, egress }: Draft): GeneratedPolicy {
  const rules = { ...(ingress && { ingress }), ...(egress && { egress }) };
  const policyTypes = (['ingress', 'egress'] as const).filter((direction) => direction in rules).map((direction) => typeOf[direction]);
  // A list without rules says no more than the type does.
  const spec = { podSelector, policyTypes, ...Object.fromEntries(Object.entries(rules).filter(([, list]) => list.length > 0)) };
  const metadata = { name, namespace, annotations: { [descriptionAnnotation]: description } };
  return { manifest: networkPolicy(metadata, spec), policy: policyMeant(spec, metadata) };
}

function freeName(cluster: Cluster, taken: ReadonlySet<string>, { namespace, name }: Draft): string {
  const there = cluster.namespaces.get(namespace)?.policies;
  const isFree = (candidate: string): boolean => !there?.has(candidate) && !taken.has(`${namespace}/${candidate}`);
  if (isFree(name)) return name;
  for (let number = 2; ; number++) if (isFree(`${name}-${number}`)) return `${name}-${number}`;
}

/** Whether the policies of the cluster do already what the draft would do in one direction, whatever pods there are. */
export function isThere(cluster: Cluster, draft: Draft, direction: Direction): boolean {
  const { policy } = generatedPolicy(draft);
  const others = [...(cluster.namespaces.get(draft.namespace)?.policies.values() ?? [])];
  const wider = others.filter((other) => other[direction] !== undefined && selectorCovers(other.subject, policy.subject));
  const rules = wider.flatMap((other) => other[direction]!);
  return wider.length > 0 && policy[direction]!.every((rule) => isRuleCovered(rule, rules));
}

/** More names than this are counted. */
const mostListed = 8;

/** Names in a sentence: the first ones, and how many there are besides. */
export const listed = (names: readonly string[]): string =>
  names.length <= mostListed ? names.join(', ') : `${names.slice(0, mostListed).join(', ')} and ${names.length - mostListed} more`;
