import type { Latency, NodeStatus, PolicyStatus } from './node-status.ts';
import { policyKey, type WantedPolicy } from './wanted.ts';

/** A node as the API server knows it. */
export interface KnownNode {
  readonly name: string;
  /** What its kubelet says: the condition `Ready`. */
  readonly ready: boolean;
}

/** What came of asking the agent of a node. */
export interface AgentAnswer {
  readonly node: string;
  readonly status?: NodeStatus;
  /** Why there is no status. */
  readonly fault?: string;
}

/** What is known of the agent of a node. */
export interface NodeReport {
  readonly node: string;
  /** `missing`: no agent runs there; `unanswered`: it did not say how it is; `unready`: it says itself that it is not. */
  readonly agent: 'ready' | 'unready' | 'unanswered' | 'missing';
  /** Whether kubelet says that the node is; absent where nobody knows. */
  readonly nodeReady?: boolean;
  readonly version?: string;
  /** How many policies have pods here, and how many of these are enforced. */
  readonly policies?: number;
  readonly enforced?: number;
  readonly latency?: Latency;
  /** What is wrong. */
  readonly messages: readonly string[];
}

/** A node on which a policy is not enforced as the API server has it. */
export interface Gap {
  readonly node: string;
  /** `pending`: it has an older version, or none. */
  readonly state: 'pending' | 'audit' | 'closed' | 'unreadable' | 'unanswered' | 'missing';
  /** That the node has. */
  readonly generation?: number;
  readonly reason?: string;
}

/** Whether a policy is enforced where it matters. */
export interface PolicyReport {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** That the API server has. */
  readonly generation?: number;
  readonly enforced: boolean;
  /** On how many nodes it matters, for they run pods that it selects. */
  readonly nodes: number;
  /** Since when every one of these has this version; absent while one has not. */
  readonly since?: string;
  readonly gaps: readonly Gap[];
}

/** What the agents of a cluster say together: the answer of `status`. */
export interface ClusterStatus {
  readonly enforced: boolean;
  readonly nodes: readonly NodeReport[];
  readonly policies: readonly PolicyReport[];
}

/** Joins what agents say: `nodes` are all that there should be an agent on, by name. */
export function clusterStatusOf(
  wanted: readonly WantedPolicy[],
  nodes: ReadonlyMap<string, KnownNode | undefined>,
  answers: readonly AgentAnswer[],
): ClusterStatus {
  const byNode = new Map(answers.map((answer) => [answer.node, { ...answer, versions: versionsOf(answer) }]));
  const names = [...new Set([...nodes.keys(), ...byNode.keys()])].sort();
  const policies = wanted.map((policy) => policyReport(policy, byNode));
  const reports = names.map((name) => nodeReport(name, nodes.get(name), byNode.get(name)));
  const enforced = policies.every((policy) => policy.enforced) && reports.every(({ agent }) => agent === 'ready');
  return { enforced, nodes: reports, policies };
}

interface Answer extends AgentAnswer {
  readonly versions: ReadonlyMap<string, PolicyStatus>;
}

const versionsOf = ({ status }: AgentAnswer): Map<string, PolicyStatus> =>
  new Map((status?.policies ?? []).map((policy) => [policyKey(policy), policy]));

function policyReport(policy: WantedPolicy, answers: ReadonlyMap<string, Answer>): PolicyReport {
  const { kind, namespace, name, generation, nodes } = policy;
  const gaps = nodes.flatMap((node) => gapAt(policy, node, answers.get(node)) ?? []);
  const times = nodes.flatMap((node) => answers.get(node)?.versions.get(policyKey(policy))?.since ?? []).sort();
  return {
    kind,
    ...(namespace && { namespace }),
    name,
    ...(generation && { generation }),
    enforced: gaps.length === 0,
    nodes: nodes.length,
    ...(gaps.length === 0 && times.length > 0 && { since: times.at(-1)! }),
    gaps,
  };
}

function gapAt(policy: WantedPolicy, node: string, answer: Answer | undefined): Gap | undefined {
  if (answer === undefined) return { node, state: 'missing', reason: 'no agent runs there' };
  const { status, fault = 'no answer' } = answer;
  if (status === undefined) return { node, state: 'unanswered', reason: fault };
  const version = answer.versions.get(policyKey(policy));
  if (version === undefined) return { node, state: 'pending' };
  const generation = version.generation && { generation: version.generation };
  if (isOlder(version, policy)) return { node, state: 'pending', ...generation };
  if (version.state === 'enforced' || version.state === 'not-needed') return undefined;
  return { node, state: version.state, ...generation, ...(version.reason && { reason: version.reason }) };
}

/** Whether it is another policy of that name, or an older version. */
function isOlder(version: PolicyStatus, wanted: WantedPolicy): boolean {
  if (version.uid !== undefined && wanted.uid !== undefined && version.uid !== wanted.uid) return true;
  return version.generation !== undefined && wanted.generation !== undefined && version.generation < wanted.generation;
}

function nodeReport(node: string, known: KnownNode | undefined, answer: Answer | undefined): NodeReport {
  const nodeReady = known && { nodeReady: known.ready };
  const ofNode = known?.ready === false ? ['the node is not Ready'] : [];
  if (answer === undefined) return { node, agent: 'missing', ...nodeReady, messages: ['no agent runs here', ...ofNode] };
  const { status, fault = 'no answer' } = answer;
  if (status === undefined) return { node, agent: 'unanswered', ...nodeReady, messages: [fault, ...ofNode] };
  const needed = status.policies.filter(({ subjects }) => subjects > 0);
  return {
    node,
    agent: status.ready ? 'ready' : 'unready',
    ...nodeReady,
    version: status.version,
    policies: needed.length,
    enforced: needed.filter(({ state }) => state === 'enforced').length,
    ...(status.latency && { latency: status.latency }),
    messages: [...status.checks.filter(({ ok }) => !ok).map(({ message }) => message), ...status.failures, ...ofNode],
  };
}
