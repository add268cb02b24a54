import { type ClusterNetworkPolicy, type Direction, directions, type NetworkPolicy, qualifiedName } from '../api/types.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import { workloadId } from '../connectivity/located-pods.ts';
import { type Decider, deciderKey } from '../expect/coverage.ts';
import type { CompiledPolicy, CompiledRule, PodSet } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { podId } from '../verdict/endpoint.ts';
import type { Descriptions } from './descriptions.ts';
import type { PolicyDocument, RuleDocument } from './documentation.ts';
import { podsMeaning, ruleMeaning, selectionMeaning } from './meaning.ts';

/** Says what policies mean. */
export class PolicyWriter {
  readonly #model: PolicyModel;
  readonly #descriptions: Descriptions;
  /** What decided no tested connection; undefined without tests. */
  readonly #untested: ReadonlySet<string> | undefined;
  readonly #members = new Map<PodSet, ReadonlySet<string>>();
  /** By the id of a pod that is alike to others: the id of the endpoint that stands for them. */
  readonly #alike: ReadonlyMap<string, string>;

  constructor(
    model: PolicyModel,
    descriptions: Descriptions,
    uncovered: readonly Decider[] | undefined,
    endpoints: readonly MatrixEndpoint[],
  ) {
    this.#model = model;
    this.#alike = new Map(
      endpoints.flatMap(({ kind, id, members = [] }) => (kind === 'Pod' ? members.map((member) => [member, id] as const) : [])),
    );
    this.#descriptions = descriptions;
    this.#untested = uncovered && new Set(uncovered.map(deciderKey));
  }

  /** The policy in plain words. */
  document(policy: NetworkPolicy | ClusterNetworkPolicy): PolicyDocument {
    const compiled = this.#model.policies.get(qualifiedName(policy))!;
    const { kind, source } = policy;
    const isNamespaced = kind === 'NetworkPolicy';
    const spoken = directions.toReversed().filter((direction) => policy[direction] !== undefined);
    return {
      policy: compiled.id,
      description: this.#descriptions.of(policy),
      ...(source && { source }),
      ...(!isNamespaced && { tier: { name: policy.tier, priority: policy.priority } }),
      subject: isNamespaced ? podsMeaning(policy.subject, undefined) : selectionMeaning(policy.subject),
      subjects: this.#membersOf(compiled.subjects),
      isolates: spoken.map((direction) => ({ direction, ...(isNamespaced && this.#isTested(compiled, direction)) })),
      rules: spoken.flatMap((direction) => policy[direction]!.map((_, index) => this.#rule(policy, compiled, direction, index))),
    };
  }

  #rule(policy: NetworkPolicy | ClusterNetworkPolicy, compiled: CompiledPolicy, direction: Direction, index: number): RuleDocument {
    const { name, action, source, peers } = compiled[direction]![index]!;
    const sets = (peers ?? []).flatMap((peer) => (peer.kind === 'pods' ? [peer.set] : []));
    return {
      direction,
      index,
      ...(name !== undefined && { name }),
      action,
      meaning: ruleMeaning(direction, policy[direction]![index]!),
      ...(sets.length > 0 && { peers: new Set(sets.flatMap((set) => [...this.#membersOf(set)])) }),
      ...(source && { source }),
      ...this.#isTested(compiled, direction, compiled[direction]![index]!),
    };
  }

  #isTested(policy: CompiledPolicy, direction: Direction, rule?: CompiledRule): { readonly tested?: boolean } {
    return this.#untested === undefined ? {} : { tested: !this.#untested.has(deciderKey({ policy, direction, ...(rule && { rule }) })) };
  }

  /** The ids of the workloads, and of pods without, that are in the set. */
  #membersOf(set: PodSet): ReadonlySet<string> {
    let members = this.#members.get(set);
    if (members === undefined) {
      const pods = [...set.classes].flatMap((podClass) => [...podClass.members.values()]);
      members = new Set(pods.map((pod) => workloadId(pod) ?? this.#alike.get(podId(pod)) ?? podId(pod)));
      this.#members.set(set, members);
    }
    return members;
  }
}
