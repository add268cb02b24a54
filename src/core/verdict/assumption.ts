import { type AddressSet, addressesOf, intersectAddresses, isEmptyAddresses, subtractAddresses } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import type { Family } from '../net/ip.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type GateQuestion, judgeGate, type Within } from './gate.ts';
import { type Connection, gateQuestions, type Verdict } from './verdict.ts';

const blocks = (...texts: string[]): AddressSet => addressesOf(texts.map((text) => parseCidr(text)!.cidr));

/** Where an address that a pod will get may lie: private and shared address space. Source: RFC 1918, RFC 6598, RFC 4193. */
const podSpace: Readonly<Record<Family, AddressSet>> = {
  4: blocks('10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'),
  6: blocks('fc00::/7'),
};

/**
 * Whether the verdict could be another one if an end whose address is assumed had another address of a pod: a block that holds a
 * part of that space could then hold the address, or hold it no more.
 */
export function dependsOnAssumedAddress(model: PolicyModel, connection: Connection, verdict: Verdict): boolean {
  if (verdict.egress.reason === 'self') return false;
  const [egressQuestion, ingressQuestion] = gateQuestions(connection);
  const egress = outcomes(model, egressQuestion, verdict.egress.allowed);
  const ingress = outcomes(model, ingressQuestion, verdict.ingress.allowed);
  const canAllow = egress.has(true) && ingress.has(true);
  const canDeny = egress.has(false) || ingress.has(false);
  return canAllow && canDeny;
}

function outcomes(model: PolicyModel, question: GateQuestion, allowed: boolean): Set<boolean> {
  const found = new Set([allowed]);
  if (!question.remote.assumed) return found;
  const space = podSpace[question.remote.ip.family];
  const mayBeWithin: Within = (addresses) => !isEmptyAddresses(intersectAddresses(addresses, space));
  const mustBeWithin: Within = (addresses) => isEmptyAddresses(subtractAddresses(space, addresses));
  for (const isWithin of [mayBeWithin, mustBeWithin]) found.add(judgeGate(model, question, model.choices, { isWithin }).allowed);
  return found;
}
