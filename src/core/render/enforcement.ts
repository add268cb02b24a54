import type { ClusterStatus, Gap, NodeReport, PolicyReport } from '../enforcement/cluster-status.ts';
import type { Style } from './palette.ts';
import { type Cell, type Column, renderTable } from './table.ts';
import { count } from './text.ts';

const nodeColumns: readonly Column[] = [
  { title: 'NODE' },
  { title: 'AGENT', isFixed: true },
  { title: 'VERSION', isFixed: true },
  { title: 'POLICIES' },
  { title: 'LATENCY' },
  { title: '' },
];

const policyColumns: readonly Column[] = [
  { title: 'POLICY' },
  { title: 'GENERATION', isFixed: true, align: 'right' },
  { title: 'ENFORCED' },
  { title: 'SINCE', isFixed: true },
  { title: '' },
];

/** How the agents of all nodes are, a line each; then every policy that is not enforced; then the sum. */
export function* renderClusterStatus(status: ClusterStatus, style: Style): Iterable<string> {
  const { nodes, policies } = status;
  yield* renderTable(
    nodeColumns,
    nodes.map((node) => nodeRow(node, style)),
    style,
  );
  const open = policies.filter(({ enforced }) => !enforced);
  if (open.length > 0) {
    yield '';
    yield* renderPolicyStatus(open, style);
  }
  const ready = nodes.filter(({ agent }) => agent === 'ready').length;
  yield `${count(policies.length, 'policy', 'policies')}, ${policies.length - open.length} enforced on every node that matters; ${ready} of ${count(nodes.length, 'node')} ready`;
}

/** Policies with where they are enforced, a line each, and below each where they are not. */
export function* renderPolicyStatus(policies: readonly PolicyReport[], style: Style): Iterable<string> {
  yield* renderTable(
    policyColumns,
    policies.map((policy) => policyRow(policy, style)),
    style,
  );
}

function nodeRow({ node, agent, version = '', policies, enforced, latency, messages }: NodeReport, { palette }: Style): Cell[] {
  const ofPolicies = policies === undefined ? '' : enforced === policies ? `${policies} enforced` : `${enforced} of ${policies} enforced`;
  return [
    node,
    { text: agent, paint: agent === 'ready' ? palette.allow : palette.deny },
    version,
    ofPolicies,
    latency === undefined ? '' : `${latency.median} ms, at most ${latency.worst} ms`,
    { text: messages.join('; '), paint: palette.warning },
  ];
}

function policyRow(policy: PolicyReport, { palette }: Style): Cell[] {
  const { generation, enforced, nodes, gaps, since = '' } = policy;
  const on = nodes === 0 ? 'no node needs it' : `${nodes - gaps.length} of ${count(nodes, 'node')}`;
  return [
    policyTitle(policy),
    generation === undefined ? '' : String(generation),
    { text: on, paint: enforced ? palette.allow : palette.deny },
    since,
    { text: gaps.map(gapText).join('; '), paint: palette.warning },
  ];
}

/** As it is asked for: `shop/deny`, or the bare name of a cluster-wide policy. */
const policyTitle = ({ namespace, name }: Pick<PolicyReport, 'namespace' | 'name'>): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

/** Where a policy is not enforced, and why: `worker-b has generation 2`. */
export function gapText({ node, state, generation, reason }: Gap): string {
  switch (state) {
    case 'pending':
      return generation === undefined ? `${node} does not have it yet` : `${node} has generation ${generation}`;
    case 'missing':
      return `no agent runs on ${node}`;
    case 'unanswered':
      return `${node}: ${reason}`;
    case 'audit':
      return `${node} has it in audit`;
    case 'closed':
    case 'unreadable':
      return `${node}: ${state}: ${reason ?? 'no reason is known'}`;
  }
}

/** The one line of a wait that has ended well. */
export const renderWaited = (policies: readonly PolicyReport[]): string =>
  policies.length === 1
    ? `${policyTitle(policies[0]!)} is enforced on ${count(policies[0]!.nodes, 'node')}`
    : `${count(policies.length, 'policy', 'policies')} are enforced on every node that matters`;
