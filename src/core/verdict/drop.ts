import { type Direction, type PolicyId, type PortMatch, qualifiedName, workloadOf } from '../api/types.ts';
import type { CompiledPeer, CompiledRule } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type RuleAnswer, ruleAnswer } from './answer.ts';
import { type EndpointIdentity, podIdentity } from './endpoint.ts';
import { judgeGate } from './gate.ts';
import { isSamePod, type Party, partyAt } from './party.ts';

/** One end of a connection that was dropped. */
export interface DropEnd extends EndpointIdentity {
  /** The id of the workload that the pod belongs to. */
  readonly workload?: string;
}

/** A rule that almost let it through, and what it lets through, in words. */
export interface DropMiss extends RuleAnswer {
  readonly failed: 'peer' | 'port';
  readonly allows: string;
}

/** Packets of like connections that a gate of a node denied, or of which one in audit told that it would: a line of `drops -o json`. */
export interface Drop {
  /** When the first of them came, in RFC 3339. */
  readonly time: string;
  readonly node: string;
  /** Whether they passed: a policy in audit only tells. */
  readonly audit: boolean;
  /** Which gate it was. */
  readonly direction: Direction;
  readonly from: DropEnd;
  readonly to: DropEnd;
  readonly protocol: string;
  readonly port: number;
  /** How many were logged; more may have come. */
  readonly packets: number;
  /** The policies that isolate; of a cluster-wide tier the one that decided. */
  readonly policies: readonly PolicyId[];
  readonly nearMisses: readonly DropMiss[];
}

/** Packets that were denied, or told of, and not logged or not made into a line: a line of `drops -o json`. */
export interface Missed {
  readonly time: string;
  readonly node: string;
  readonly missed: number;
}

/** What was logged: the ends of a connection, and whose gate it was. */
export interface Logged {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  /** 0 where the protocol has none. */
  readonly port: number;
  readonly direction: Direction;
  /** The names of the policies that had a say when the packet came. */
  readonly policies: readonly string[];
  readonly audit: boolean;
}

/** Says of logged packets whose they were and why they were denied, as far as what is known now still says so. */
export function dropOf(model: PolicyModel, logged: Logged, seen: Pick<Drop, 'time' | 'node' | 'packets'>): Drop {
  const { direction, protocol, port, audit } = logged;
  const [from, to] = [partyAt(model, logged.source), partyAt(model, logged.destination)];
  const [subject, remote] = direction === 'egress' ? [from, to] : [to, from];
  const question = { direction, subject, remote, protocol, port, isHairpin: isSamePod(from, to) };
  const verdict = judgeGate(model, question, model.choices, { judged: audit ? 'all' : 'enforced' });
  const isExplained = !verdict.allowed;
  return {
    ...seen,
    audit,
    direction,
    from: endOf(from),
    to: endOf(to),
    protocol,
    port,
    policies: isExplained ? verdict.policies.map(({ id }) => id) : logged.policies.map(policyNamed),
    nearMisses: isExplained
      ? verdict.nearMisses.map((miss) => ({ ...ruleAnswer(miss), failed: miss.failed, allows: allows(miss.rule) }))
      : [],
  };
}

function policyNamed(text: string): PolicyId {
  const [namespace, name] = text.split('/');
  return name === undefined ? { kind: 'ClusterNetworkPolicy', name: text } : { kind: 'NetworkPolicy', namespace: namespace!, name };
}

function endOf({ owner, address: ip }: Party): DropEnd {
  if (owner.kind === 'External') return { id: ip, kind: 'External', ip };
  if (owner.kind === 'Node') return { id: `node:${owner.node.name}`, kind: 'Node', name: owner.node.name, ip };
  const workload = workloadOf(owner.pod);
  return { ...podIdentity(owner.pod), ip, ...(workload && { workload: `${owner.pod.namespace}/${workload.kind}/${workload.name}` }) };
}

/** What a rule lets through: `app=web, 10.0.0.0/8 on TCP/80`. */
function allows({ policy, peers, ports }: CompiledRule): string {
  const home = 'namespace' in policy.subject ? policy.subject.namespace : undefined;
  const who = peers === undefined ? 'anybody' : peers.map((peer) => peerText(peer, home)).join(', ') || 'nobody';
  return `${who} on ${ports === undefined ? 'every port' : ports.map(portText).join(', ')}`;
}

/** A set's key is the namespace or the selector of namespaces, and the selector of pods. */
function peerText(peer: CompiledPeer, home: string | undefined): string {
  if (peer.kind === 'addresses') return peer.key;
  const [, scope = '', pods = ''] = /^(\{.*\}[^:]*|[^:]*): (.*)$/.exec(peer.set.key) ?? [];
  const selected = pods === '' ? 'any pod' : pods;
  if (scope === home) return selected;
  const [, name] = /^\{kubernetes\.io\/metadata\.name=([^,}]+)\}/.exec(scope) ?? [];
  return scope.startsWith('{}') ? `${selected} of any namespace` : `${selected} of ${name ?? scope}`;
}

function portText(port: PortMatch): string {
  const { protocol } = port;
  if (port.kind === 'every') return protocol;
  if (port.kind === 'named') return `${protocol}/${port.name}`;
  return `${protocol}/${port.first === port.last ? port.first : `${port.first}-${port.last}`}`;
}

/** The workload of an end, else what it is. */
export const subjectOf = ({ workload, id }: DropEnd): string => workload ?? id;

/** Whether a line tells of missed packets only. */
export const isMissed = (line: Drop | Missed): line is Missed => 'missed' in line;

/** The names of the policies of a drop. */
export const policyNames = ({ policies }: Pick<Drop, 'policies'>): string[] => policies.map(qualifiedName);
