import type { Pod } from '../api/types.ts';
import { type AddressSet, addressesFrom, formatRange, subtractAddresses } from '../net/address-set.ts';
import { atoms, bigints, type Interval, intersect } from '../net/interval.ts';
import { type Family, formatIp, greatestOf, parseIp } from '../net/ip.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type Endpoint, isOfFamily, type Members, podId } from './endpoint.ts';
import { type Party, partyAt, partyOf } from './party.ts';

/** A part of an endpoint that policy can't tell apart: one party that speaks for all its addresses. */
export interface End {
  readonly party: Party;
  /** Names the part: a pod, a node, or addresses. */
  readonly id: string;
  /** Behind a Service: the port after translation. */
  readonly port?: number;
}

/** Every part of the endpoint that has addresses of the family; `blocks` are what the rules of the other end's gates tell addresses apart by. */
export function endsOf(model: PolicyModel, { members }: Pick<Endpoint, 'members'>, family: Family, blocks: readonly AddressSet[]): End[] {
  switch (members.kind) {
    case 'pods':
      return members.pods.flatMap((pod) => endsOfPod(model, pod, family));
    case 'backends':
      return [...members.backends.targets].flatMap(([backend, target]) => {
        if (typeof backend !== 'string') return endsOfPod(model, backend, family, target);
        return isOfFamily(backend, family) ? [endAt(model, backend, target)] : [];
      });
    case 'addresses':
      return members.addresses.filter((address) => isOfFamily(address, family)).map((address) => endAt(model, address));
    case 'space':
      return endsOfSpace(model, members, family, blocks);
  }
}

/** The addresses of everybody who is meant by name or address. */
export function addressesMeant(model: PolicyModel, { members }: Pick<Endpoint, 'members'>): readonly string[] {
  switch (members.kind) {
    case 'pods':
      return members.pods.flatMap((pod) => addressesOfPod(model, pod));
    case 'backends':
      return [...members.backends.targets.keys()].flatMap((backend) =>
        typeof backend === 'string' ? [backend] : addressesOfPod(model, backend),
      );
    case 'addresses':
      return members.addresses;
    case 'space':
      return members.isWhole ? members.owned : [];
  }
}

/** The addresses that the pod uses; a hostNetwork pod that tells none has those of its node. */
export function addressesOfPod(model: PolicyModel, pod: Pod): readonly string[] {
  if (pod.addresses.length > 0 || !pod.hostNetwork || pod.node === undefined) return pod.addresses;
  return model.nodeOf(pod.node)?.addresses ?? [];
}

function endsOfPod(model: PolicyModel, pod: Pod, family: Family, port?: number): End[] {
  const addresses = addressesOfPod(model, pod).filter((address) => isOfFamily(address, family));
  return addresses.map((address) => ({ party: partyOf(model, pod, address), id: podId(pod), ...(port !== undefined && { port }) }));
}

function endAt(model: PolicyModel, address: string, port?: number): End {
  const party = partyAt(model, address);
  const { owner } = party;
  const id = owner.kind === 'Pod' ? podId(owner.pod) : owner.kind === 'Node' ? `node:${owner.node.name}` : address;
  return { party, id, ...(port !== undefined && { port }) };
}

function endsOfSpace(
  model: PolicyModel,
  { addresses, owned, isWhole }: Members & { kind: 'space' },
  family: Family,
  blocks: readonly AddressSet[],
): End[] {
  const inside = owned.filter((address) => isOfFamily(address, family));
  const taken = addressesFrom(inside.map((address) => parseIp(address)!));
  const unowned = subtractAddresses(addresses, taken)[family];
  const everything: Interval<bigint> = [0n, greatestOf(family)];
  const cuts = blocks.map((block) => block[family]);
  const ends = atoms(bigints, everything, cuts).flatMap((atom): End[] => {
    const [free] = intersect([atom], unowned);
    if (free === undefined) return [];
    // Any address that nobody has speaks for the whole atom.
    const party = partyAt(model, formatIp({ family, value: free[0] }));
    const parts = intersect([atom], addresses[family]);
    return [{ party, id: parts.map((part) => formatRange(family, part)).join(',') }];
  });
  return isWhole ? [...ends, ...inside.map((address) => endAt(model, address))] : ends;
}
