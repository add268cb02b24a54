import type { NodeReport } from './cluster-status.ts';
import { type Hindrance, type Opinion, problem, warning } from './examination.ts';
import { type NodeFacts, some } from './surroundings.ts';

/** Whether every node that can have an agent has one that is ready, all of one version. `reports` are what came of asking them. */
export function agentPresence(nodes: readonly NodeFacts[], reports: readonly NodeReport[]): Opinion {
  const foreign = new Set(nodes.flatMap(({ name, system }) => (system === '' || system === 'linux' ? [] : [name])));
  const asked = reports.filter(({ node }) => !foreign.has(node));
  const ready = asked.filter(({ agent }) => agent === 'ready');
  const versions = Map.groupBy(
    asked.filter(({ version }) => version !== undefined),
    ({ version }) => version!,
  );
  const summary = `${ready.length} of ${asked.length} nodes ${ready.length === 1 ? 'has' : 'have'} a ready agent${versions.size === 1 ? ` of version ${[...versions.keys()].join()}` : ''}`;
  if (asked.every(({ agent }) => agent === 'missing'))
    return { summary, hindrances: [problem('no agent runs in this cluster: Sallyport enforces nothing', 'install it: docs/install.md')] };
  return { summary, hindrances: [...missing(asked), ...asked.flatMap(ailing), ...mixed(versions)] };
}

function missing(asked: readonly NodeReport[]): Hindrance[] {
  const without = asked.filter(({ agent }) => agent === 'missing').map(({ node }) => node);
  if (without.length === 0) return [];
  return [
    problem(
      `no agent runs on ${some(without)}: nothing is enforced there, or what was enforced last`,
      'kubectl -n kube-system describe daemonset sallyport-agent: its nodeSelector, its tolerations, and why pods are not made',
    ),
  ];
}

function ailing({ node, agent, messages }: NodeReport): Hindrance[] {
  const words = messages.join('; ');
  const logs = `kubectl -n kube-system logs -l app.kubernetes.io/component=agent --prefix, of the pod on ${node}; sallyport doctor in that pod`;
  if (agent === 'unready') return [problem(`the agent of ${node} is not ready: ${words}`, logs)];
  if (agent === 'unanswered') return [problem(`the agent of ${node} does not say how it is: ${words}`, logs)];
  return agent === 'ready' && messages.length > 0 ? [warning(`${node}: ${words}`, logs)] : [];
}

function mixed(versions: ReadonlyMap<string, readonly NodeReport[]>): Hindrance[] {
  if (versions.size < 2) return [];
  const each = [...versions].map(([version, reports]) => `${version} on ${some(reports.map(({ node }) => node))}`);
  return [
    warning(
      `agents are of ${versions.size} versions: ${each.join('; ')}`,
      'kubectl -n kube-system rollout status daemonset/sallyport-agent: an upgrade that goes on, or has stopped',
    ),
  ];
}
