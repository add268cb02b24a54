import type { Source } from '../api/diagnostic.ts';
import { type Direction, directions, type PolicyId } from '../api/types.ts';
import type { TrafficAnswer } from '../connectivity/answers.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import type {
  Documentation,
  FailingTest,
  GateDocument,
  Isolation,
  PolicyDocument,
  RuleDocument,
  WorkloadDocument,
} from '../document/documentation.ts';
import type { Reason } from '../verdict/gate.ts';
import { inOrder, Names } from './documentation-words.ts';

/** Others with whom a workload may talk alike, in answers. */
export interface TalkAnswer {
  /** In words, as tables have them: `shop/*`, `outside`. */
  readonly with: readonly string[];
  readonly traffic: TrafficAnswer;
  readonly partial?: TrafficAnswer;
  readonly reason: Reason;
  readonly by: readonly PolicyId[];
  readonly elsewhere: readonly PolicyId[];
}

/** One side of a workload in answers. */
export interface DocumentedGate {
  readonly isolation: Isolation;
  readonly policies: readonly PolicyId[];
  readonly talks: readonly TalkAnswer[];
}

/** A workload in answers. */
export interface DocumentedWorkload extends Readonly<Record<Direction, DocumentedGate>> {
  readonly endpoint: MatrixEndpoint;
  readonly description?: string;
  readonly owner?: string;
  readonly source?: Source;
}

/** A rule in answers. */
export interface DocumentedRule {
  readonly gate: Direction;
  readonly index: number;
  readonly name?: string;
  readonly action: RuleDocument['action'];
  readonly meaning: string;
  /** In words, who the pods are that it names now. */
  readonly now?: readonly string[];
  readonly source?: Source;
  readonly tested?: boolean;
}

/** A policy in answers. */
export interface DocumentedPolicy {
  readonly policy: PolicyId;
  readonly description?: string;
  readonly owner?: string;
  readonly source?: Source;
  readonly tier?: PolicyDocument['tier'];
  readonly subject: string;
  readonly now: readonly string[];
  readonly isolates: readonly { readonly gate: Direction; readonly tested?: boolean }[];
  readonly rules: readonly DocumentedRule[];
}

/** A namespace in answers. */
export interface DocumentedNamespace {
  readonly name: string;
  readonly description?: string;
  readonly owner?: string;
  readonly workloads: readonly DocumentedWorkload[];
  readonly policies: readonly DocumentedPolicy[];
}

/** What `docs -o json` answers. */
export interface DocumentationAnswer {
  readonly namespaces: Iterable<DocumentedNamespace>;
  readonly clusterPolicies: readonly DocumentedPolicy[];
  readonly tests?: { readonly passed: number; readonly covered: number; readonly total: number; readonly failing: readonly FailingTest[] };
  readonly choices: Documentation['choices'];
}

/** The documentation for programs. */
export function documentationAnswer(documentation: Documentation): DocumentationAnswer {
  const { namespaces, clusterPolicies, tests, choices } = documentation;
  const names = new Names(documentation);
  return {
    namespaces: namespaces.map(({ name, description, workloads, policies }) => ({
      name,
      ...described(description),
      workloads: workloads.map((workload) => workloadAnswer(workload, names)),
      policies: policies.map((policy) => policyAnswer(policy, names)),
    })),
    clusterPolicies: clusterPolicies.map((policy) => policyAnswer(policy, names)),
    ...(tests && { tests }),
    choices,
  };
}

const described = ({ text, owner }: PolicyDocument['description']): { readonly description?: string; readonly owner?: string } => ({
  ...(text !== undefined && { description: text }),
  ...(owner !== undefined && { owner }),
});

function workloadAnswer({ endpoint, description, source, ...gates }: WorkloadDocument, names: Names): DocumentedWorkload {
  const [egress, ingress] = directions.map((direction) => gateAnswer(gates[direction], endpoint.id, names)) as [
    DocumentedGate,
    DocumentedGate,
  ];
  return { endpoint, ...described(description), ...(source && { source }), ingress, egress };
}

function gateAnswer({ isolation, policies, talks }: GateDocument, self: string, names: Names): DocumentedGate {
  return { isolation, policies, talks: inOrder(talks).map(({ others, ...talk }) => ({ with: names.of(others, self), ...talk })) };
}

const policyAnswer = (
  { policy, description, source, tier, subject, subjects, isolates, rules }: PolicyDocument,
  names: Names,
): DocumentedPolicy => ({
  policy,
  ...described(description),
  ...(source && { source }),
  ...(tier && { tier }),
  subject,
  now: names.of(subjects),
  isolates: isolates.map(({ direction, ...rest }) => ({ gate: direction, ...rest })),
  rules: rules.map(({ direction, peers, ...rule }) => ({ gate: direction, ...rule, ...(peers && { now: names.of(peers) }) })),
});
