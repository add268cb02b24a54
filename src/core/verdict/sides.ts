import type { Direction, PortMatch } from '../api/types.ts';
import { type AddressSet, hasAddress } from '../net/address-set.ts';
import { type Family, families, type Ip } from '../net/ip.ts';
import type { PodClass } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type Endpoint, isOfFamily, type Members } from './endpoint.ts';
import { addressesMeant, addressesOfPod, type End, endsOf } from './ends.ts';
import { type Party, partyAt, partyOf } from './party.ts';

const noBlocks: readonly AddressSet[] = [];

/** The sides of pairs, each looked at once, by the identity of its members: tests ask about the same again and again. The model must not change. */
export class Sides {
  readonly #model: PolicyModel;
  readonly #known = new WeakMap<Members, Side>();

  constructor(model: PolicyModel) {
    this.#model = model;
  }

  of({ members }: Pick<Endpoint, 'members'>): Side {
    let side = this.#known.get(members);
    if (side === undefined) {
      side = new Side(this.#model, members);
      this.#known.set(members, side);
    }
    return side;
  }
}

/** One side of pairs: what policy sees of its members. What costs something is worked out when it is first asked for. */
export class Side {
  readonly members: Members;
  readonly #model: PolicyModel;
  readonly #kept = new Map<string, unknown>();
  readonly #groups = new Map<readonly AddressSet[], Map<string, readonly End[][]>>();

  constructor(model: PolicyModel, members: Members) {
    this.#model = model;
    this.members = members;
  }

  /** The families in which it has addresses, that of its first address first. */
  get families(): ReadonlySet<Family> {
    const { members } = this;
    return this.#keep('families', () =>
      members.kind === 'space'
        ? new Set(families.filter((family) => members.addresses[family].length > 0))
        : new Set(addressesMeant(this.#model, this).map((address): Family => (isOfFamily(address, 6) ? 6 : 4))),
    );
  }

  /** The classes of its pods. */
  get classes(): ReadonlySet<PodClass> {
    return this.#keep('classes', () => new Set(this.#parties().flatMap(({ owner }) => (owner.kind === 'Pod' ? [owner.class] : []))));
  }

  /** The port items of all rules of that direction at its pods' gates. */
  portMatches(direction: Direction): readonly PortMatch[] {
    return this.#keep(`ports ${direction}`, () => {
      const policies = new Set([...this.classes].flatMap((each) => this.#model.policiesOf(each, direction)));
      return [...policies].flatMap((policy) => policy[direction]!).flatMap(({ ports = [] }) => ports);
    });
  }

  /** The blocks by which the gates of its pods tell addresses apart, each once. */
  blocks(direction: Direction): readonly AddressSet[] {
    return this.#keep(`blocks ${direction}`, () => {
      const policies = new Set([...this.classes].flatMap((podClass) => this.#model.policiesSpeaking(podClass, direction)));
      const peers = [...policies].flatMap((policy) => policy[direction]!).flatMap((rule) => rule.peers ?? []);
      const blocks = new Map(peers.flatMap((peer) => (peer.kind === 'addresses' ? [[peer.key, peer.addresses]] : [])));
      return blocks.size === 0 ? noBlocks : [...blocks.values()];
    });
  }

  /** Its parts that have addresses of the family; `blocks` are what the other side tells addresses apart by. */
  ends(family: Family, blocks: readonly AddressSet[]): readonly End[] {
    return this.members.kind === 'space'
      ? endsOf(this.#model, this, family, blocks)
      : this.#keep(`ends ${family}`, () => endsOf(this.#model, this, family, noBlocks));
  }

  /** The parts that no gate of the other side can tell apart, together. */
  groups(family: Family, blocks: readonly AddressSet[], byNode: boolean): readonly End[][] {
    const key = `${family} ${byNode}`;
    const known = this.#groups.get(blocks) ?? new Map<string, readonly End[][]>();
    this.#groups.set(blocks, known);
    const groups = known.get(key) ?? groupsOf(this.ends(family, blocks), blocks, byNode);
    known.set(key, groups);
    return groups;
  }

  /** The addresses of the nodes that its pods run on. */
  get nodeAddresses(): ReadonlySet<string> {
    return this.#keep('nodes', () => {
      const owners = this.#parties().map(({ owner }) => owner);
      const nodes = new Set(owners.flatMap((owner) => (owner.kind === 'Pod' && owner.pod.node !== undefined ? [owner.pod.node] : [])));
      return new Set([...nodes].flatMap((name) => this.#model.nodeOf(name)?.addresses ?? []));
    });
  }

  #parties(): readonly Party[] {
    const { members } = this;
    return this.#keep('parties', () =>
      members.kind === 'pods'
        ? members.pods.flatMap((pod) => addressesOfPod(this.#model, pod).map((address) => partyOf(this.#model, pod, address)))
        : addressesMeant(this.#model, this).map((address) => partyAt(this.#model, address)),
    );
  }

  #keep<T>(name: string, make: () => T): T {
    if (!this.#kept.has(name)) this.#kept.set(name, make());
    return this.#kept.get(name) as T;
  }
}

function groupsOf(ends: readonly End[], blocks: readonly AddressSet[], byNode: boolean): End[][] {
  const groups = new Map<string, End[]>();
  for (const end of ends) {
    const { owner, ip, address, assumed } = end.party;
    const who = owner.kind === 'Pod' && !owner.pod.hostNetwork ? `${owner.class.key} ${byNode ? (owner.pod.node ?? '') : ''}` : address;
    const key = `${who} ${end.port} ${assumed} ${withinText(blocks, ip)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [end]);
    else group.push(end);
  }
  return [...groups.values()];
}

/** In which of the blocks the address is. */
export const withinText = (blocks: readonly AddressSet[], ip: Ip): string =>
  blocks.map((block) => (hasAddress(block, ip) ? 1 : 0)).join('');
