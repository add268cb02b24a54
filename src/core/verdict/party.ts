import type { ContainerPort, Pod } from '../api/types.ts';
import { type Ip, parseIp } from '../net/ip.ts';
import type { AddressOwner } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';

/** One end of a connection: an address and who has it. */
export interface Party {
  readonly ip: Ip;
  /** The address as canonical text. */
  readonly address: string;
  readonly owner: AddressOwner;
  /** The address stands for one that is not known yet. */
  readonly assumed: boolean;
}

/** Who has the address, which is canonical. Source: `identify` in semantics.md section 7. */
export function partyAt(model: PolicyModel, address: string): Party {
  const ip = parseIp(address);
  if (ip === undefined) throw new Error(`no canonical address: ${address}`);
  const owner = model.ownerOf(address);
  return { ip, address, owner, assumed: owner.kind === 'Pod' && owner.pod.assumedAddress };
}

/**
 * The pod as an end of connections with one of its addresses. A hostNetwork pod shares its address with its node and with others,
 * so under the choice hostnetwork=as-pods the pod itself is meant, whoever the model lists as owner.
 */
export function partyOf(model: PolicyModel, pod: Pod, address: string): Party {
  const party = partyAt(model, address);
  const podClass = pod.hostNetwork ? model.classOf(pod) : undefined;
  if (podClass === undefined && party.assumed === pod.assumedAddress) return party;
  const owner: AddressOwner = podClass === undefined ? party.owner : { kind: 'Pod', pod, class: podClass };
  return { ...party, owner, assumed: party.assumed || pod.assumedAddress };
}

/** Whether both ends are one pod. */
export function isSamePod(a: Party, b: Party): boolean {
  return a.owner.kind === 'Pod' && b.owner.kind === 'Pod' && a.owner.pod === b.owner.pod;
}

/** The ports by whose names rules can mean the destination: those of a pod, and of nobody else. */
export function portsOf({ owner }: Party): readonly ContainerPort[] {
  return owner.kind === 'Pod' ? owner.class.ports : [];
}
