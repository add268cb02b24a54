import { type AddressSet, addressesOf, intersectAddresses, isEmptyAddresses, subtractAddresses } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import type { Family } from '../net/ip.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type GateQuestion, type GateVerdict, judgeGate, type Within } from './gate.ts';
import { type Connection, gateQuestions, type Verdict } from './verdict.ts';

const blocks = (...texts: string[]): AddressSet => addressesOf(texts.map((text) => parseCidr(text)!.cidr));

/** Where an address that a pod will get may lie: private and shared address space. Source: RFC 1918, RFC 6598, RFC 4193. */
const podSpace: Readonly<Record<Family, AddressSet>> = {
  4: blocks('10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'),
  6: blocks('fc00::/7'),
};

/** Where an address of a node may lie: anywhere. */
const nodeSpace: Readonly<Record<Family, AddressSet>> = { 4: blocks('0.0.0.0/0'), 6: blocks('::/0') };

/**
 * Whether the verdict could be another one if an end whose address is assumed had another address that it may get: a block that holds
 * a part of that space could then hold the address, or hold it no more. A pod in the network of a node that is not known could also be
 * on the other end's own node.
 */
export function dependsOnAssumedAddress(model: PolicyModel, connection: Connection, verdict: Verdict): boolean {
  if (verdict.egress.reason === 'self') return false;
  const [egressQuestion, ingressQuestion] = gateQuestions(connection);
  const egress = outcomes(model, egressQuestion, verdict.egress);
  const ingress = outcomes(model, ingressQuestion, verdict.ingress);
  const canAllow = egress.has(true) && ingress.has(true);
  const canDeny = egress.has(false) || ingress.has(false);
  return canAllow && canDeny;
}

function outcomes(model: PolicyModel, question: GateQuestion, verdict: GateVerdict): Set<boolean> {
  const { direction, remote } = question;
  if (!remote.assumed) return new Set([verdict.allowed]);
  const isNode = remote.owner.kind !== 'Pod' || remote.owner.pod.hostNetwork;
  const space = (isNode ? nodeSpace : podSpace)[remote.ip.family];
  const mayBeWithin: Within = (addresses) => !isEmptyAddresses(intersectAddresses(addresses, space));
  const mustBeWithin: Within = (addresses) => isEmptyAddresses(subtractAddresses(space, addresses));
  const others = [mayBeWithin, mustBeWithin].map((isWithin) => judgeGate(model, question, model.choices, { isWithin }));
  const found = new Set([verdict, ...others].map(({ allowed }) => allowed));
  // The exception for the own node is of the NetworkPolicy tier, and spares what no rule of it allows.
  const isSpared = isNode && (direction === 'ingress' || model.choices['own-node-egress'] !== 'policy');
  return isSpared && others.some(({ reason }) => reason === 'no-rule-matched') ? found.add(true) : found;
}
