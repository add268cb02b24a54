import { decodeObject } from '../api/decode.ts';
import type { Source } from '../api/diagnostic.ts';
import type { Direction, NetworkPolicy, PolicyId, Rule } from '../api/types.ts';
import type { Endpoint } from '../verdict/endpoint.ts';
import type { GateQuestion } from '../verdict/gate.ts';

/** One edit of a policy, or a policy to add. */
export interface Edit {
  readonly gate: Direction;
  readonly action: 'add-port' | 'add-peer' | 'add-rule' | 'add-policy' | 'remove-port' | 'remove-peer' | 'remove-rule';
  readonly policy: PolicyId;
  /** The rule that is edited or removed, from 0; absent for one that is added. */
  readonly index?: number;
  /** Of a removal from a rule: the place in its list of peers or ports, from 0. */
  readonly item?: number;
  /** Where the rule stands, or the policy. */
  readonly source?: Source;
  /** What is added: the port, the peers, the rule or the policy, as they are written in a manifest. */
  readonly additions?: readonly object[];
  /** What `spec.policyTypes`, which is not written, must say from now on: without an egress rule the policy would isolate for ingress only. */
  readonly policyTypes?: readonly string[];
}

/** A question to a gate, with the endpoint that the one who asked named for its other side. */
export interface AskedGate extends GateQuestion {
  readonly asked: Endpoint;
}

/** An edit with the policy as it would be. */
export interface Candidate {
  readonly edit: Edit;
  readonly result: NetworkPolicy;
}

/** What a rule holds besides its place, as a manifest has it. */
export interface WrittenRule {
  readonly from?: readonly object[];
  readonly to?: readonly object[];
  readonly ports?: readonly object[];
}

/** The rule that a fragment of a manifest means. */
export function ruleMeant(gate: Direction, written: WrittenRule): Rule {
  return policyMeant({ podSelector: {}, policyTypes: [typeOf[gate]], [gate]: [written] })[gate]![0]!;
}

/** The policy that a specification means, under a name that does not matter. */
export function policyMeant(spec: object, metadata: object = { name: 'x', namespace: 'x' }): NetworkPolicy {
  const { objects, diagnostics } = decodeObject(networkPolicy(metadata, spec));
  const [policy] = objects;
  if (policy?.kind !== 'NetworkPolicy') throw new Error(`advice is no valid policy: ${diagnostics[0]?.message}`);
  return policy;
}

/** A NetworkPolicy as a manifest has it. */
export const networkPolicy = (metadata: object, spec: object): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata,
  spec,
});

/** How `policyTypes` calls a direction. */
export const typeOf: Readonly<Record<Direction, string>> = { ingress: 'Ingress', egress: 'Egress' };
