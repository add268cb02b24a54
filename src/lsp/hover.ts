import { type Direction, directions, type Pod, type PortMatch, workloadOf } from '#core/api/types.ts';
import { formatRanges } from '#core/net/address-set.ts';
import type { CompiledPeer, CompiledPolicy, CompiledRule } from '#core/policy/model.ts';
import { escapeMarkdown, markdownCode } from '#core/render/markdown.ts';
import { count } from '#core/render/text.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { portsMeant } from '#core/verdict/rule-match.ts';
import { destinationsOf, type Meaning, podsIn } from './meaning.ts';

/** More names than this are counted. */
const mostShown = 8;

/** What a field means now, in Markdown. */
export function hoverText(analysis: Analysis, meaning: Meaning): string {
  switch (meaning.kind) {
    case 'policy':
      return policyText(analysis, meaning.policy);
    case 'subjects':
      return `selects ${podsText(podsIn(meaning.policy.subjects))}`;
    case 'rule':
      return ruleText(meaning.rule);
    case 'peer':
      return peerText(meaning.peer);
    case 'port':
      return portText(meaning.port, destinationsOf(analysis, meaning.rule));
    case 'service':
      return `${titled(`Service ${meaning.service.namespace}/${meaning.service.name}`)} leads to ${podsText(meaning.pods)}`;
    case 'workload':
      return `${titled(meaning.title)}: ${count(meaning.pods.length, 'pod')}\n\n${isolationText(analysis, meaning.pods)}`;
  }
}

const titled = (title: string): string => `**${escapeMarkdown(title)}**`;

/** `3 pods: Deployment shop/web (2), Pod shop/client`. */
function podsText(pods: readonly Pod[]): string {
  if (pods.length === 0) return '**no pod**, as far as these files go';
  const titles = Map.groupBy(pods, (pod) => {
    const { kind, name } = workloadOf(pod) ?? pod;
    return `${kind} ${pod.namespace}/${name}`;
  });
  const names = Array.from(titles, ([title, { length }]) => `${escapeMarkdown(title)}${length > 1 ? ` (${length})` : ''}`);
  const more = names.length > mostShown ? [`and ${names.length - mostShown} more`] : [];
  return `**${count(pods.length, 'pod')}**\n${[...names.slice(0, mostShown), ...more].map((name) => `- ${name}`).join('\n')}`;
}

function policyText(analysis: Analysis, policy: CompiledPolicy): string {
  const pods = podsIn(policy.subjects);
  const spoken = directions.filter((direction) => policy[direction] !== undefined);
  const says = spoken.map((direction) => {
    const rules = policy[direction]!;
    const lets = policy.tier === 'NetworkPolicy' ? 'let through' : 'decide';
    const what = rules.length === 0 ? 'nothing is let through' : `${count(rules.length, 'rule')} ${lets}`;
    return `- ${direction}: ${what}${othersText(analysis, policy, direction)}`;
  });
  const verb = policy.tier === 'NetworkPolicy' ? 'isolates' : `(tier ${policy.tier}, priority ${policy.priority}) concerns`;
  return `${titled(`${policy.id.kind} ${policy.name}`)} ${verb} ${podsText(pods)}\n\n${says.join('\n')}`;
}

/** The other policies that have a say for the same pods: what one of them lets through passes. */
function othersText({ model }: Analysis, policy: CompiledPolicy, direction: Direction): string {
  const all = [...policy.subjects.classes].flatMap((podClass) => model.policiesOf(podClass, direction));
  const names = [...new Set(all)].filter((other) => other !== policy).map(({ name }) => markdownCode(name));
  if (names.length === 0) return '';
  const more = names.length > mostShown ? ` and ${names.length - mostShown} more` : '';
  return `; so do ${names.slice(0, mostShown).join(', ')}${more}`;
}

function ruleText(rule: CompiledRule): string {
  const { direction, index, peers, ports, action } = rule;
  const verb = { accept: 'lets', deny: 'denies', pass: 'passes on' }[action];
  const [whom, way] = direction === 'ingress' ? ['from', 'in'] : ['to', 'out'];
  const traffic = ports === undefined ? 'all traffic' : ports.map(matchText).join(', ');
  const everybody = 'anybody, hosts outside of the cluster included';
  const others = peers === undefined ? everybody : peers.map(peerText).join('\n\n');
  return `${direction} rule ${index + 1} ${verb} ${traffic} ${action === 'accept' ? `${way} ` : ''}${whom}\n\n${others}`;
}

function peerText(peer: CompiledPeer): string {
  if (peer.kind === 'pods') return podsText(podsIn(peer.set));
  const ranges = formatRanges(peer.addresses).map(markdownCode);
  return `addresses ${ranges.slice(0, mostShown).join(', ')}${ranges.length > mostShown ? ` and ${ranges.length - mostShown} more ranges` : ''}`;
}

function portText(port: PortMatch, pods: readonly Pod[]): string {
  if (port.kind !== 'named') return matchText(port);
  const numbers = Map.groupBy(pods, (pod) =>
    portsMeant(port, pod.ports)
      .map(([first]) => first)
      .join(', '),
  );
  const lines = Array.from(numbers, ([number, having]) =>
    number === '' ? `nothing at ${podsText(having)}` : `${port.protocol}/${number} at ${podsText(having)}`,
  );
  return `the port ${markdownCode(port.name)} is ${lines.join('\n\nand ') || 'declared by no pod, as far as these files go'}`;
}

function matchText(port: PortMatch): string {
  if (port.kind === 'every') return `all ports of ${port.protocol}`;
  if (port.kind === 'named') return `${port.protocol}/${port.name}`;
  return `${port.protocol}/${port.first === port.last ? port.first : `${port.first}-${port.last}`}`;
}

function isolationText({ model }: Analysis, pods: readonly Pod[]): string {
  const classes = new Set(pods.map((pod) => model.classOf(pod)).filter((podClass) => podClass !== undefined));
  if (classes.size === 0) return 'policies do not see these pods: they run in the network of their node';
  return directions
    .map((direction) => {
      const names = new Set([...classes].flatMap((podClass) => model.policiesOf(podClass, direction).map(({ name }) => name)));
      const by = names.size === 0 ? 'no policy isolates it' : `isolated by ${[...names].map(markdownCode).join(', ')}`;
      return `- ${direction}: ${by}`;
    })
    .join('\n');
}
