import type { Pod } from '../api/types.ts';
import { hasAddress } from '../net/address-set.ts';
import { type Family, parseIp } from '../net/ip.ts';
import type { PodClass, PodSet } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type Allowed, isNobody, type NamedPort, portsNamed } from './gate.ts';
import type { Objects } from './objects.ts';

/** The family of a canonical address text. */
export const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);

/** A set of the ruleset whose elements follow the pods of the cluster. */
interface Followed {
  readonly name: string;
  readonly family: Family;
  readonly podSets: readonly PodSet[];
  /** The elements that an address contributes when it belongs to a pod of that class. */
  readonly elementsOf: (address: string, podClass: PodClass) => readonly string[];
  /** What each address contributes now. */
  readonly contributions: Map<string, readonly string[]>;
  /** Named ports without peers concern every pod. */
  readonly everyPod: boolean;
}

/**
 * Keeps the hash sets of peers current: unions of pod sets by address, and named ports by address and port. Every address that the
 * model says was touched is looked at once for each set it may be in, and nothing else is.
 */
export class PeerSets {
  readonly #model: PolicyModel;
  readonly #objects: Objects;
  readonly #followed = new Map<string, Followed>();
  readonly #byPodSet = new Map<PodSet, Set<Followed>>();
  readonly #ofEveryPod = new Set<Followed>();
  readonly #classOfAddress = new Map<string, PodClass>();
  #shrank = false;

  constructor(model: PolicyModel, objects: Objects) {
    this.#model = model;
    this.#objects = objects;
  }

  /** The names, by family, of the sets of addresses of all pods of the given sets; references are the caller's. */
  takePods(podSets: readonly PodSet[]): { readonly 4: string; readonly 6: string } {
    const key = podSets.map((set) => set.key).join(' + ');
    return {
      4: this.#take('pods4', key, key, ['ipv4_addr'], podSets, false, (address) => [address]),
      6: this.#take('pods6', key, key, ['ipv6_addr'], podSets, false, (address) => [address]),
    };
  }

  /** The names of the sets of `address . port` pairs that named ports of one protocol resolve to. */
  takeNamed(items: readonly NamedPort[], key: string): { readonly 4: string; readonly 6: string } {
    const podSets = [...new Set(items.flatMap(({ allowed }) => (allowed === 'anyone' ? [] : allowed.sets)))];
    // Blocks and "anyone" reach pods that no set speaks of, so every pod is looked at.
    const everyPod = items.some(({ allowed }) => allowed === 'anyone' || !isNobody({ sets: [], blocks: allowed.blocks }));
    const elementsOf = (address: string, podClass: PodClass): string[] => resolve(items, address, podClass);
    return {
      4: this.#take('named4', key, key, ['ipv4_addr', 'inet_service'], podSets, everyPod, elementsOf),
      6: this.#take('named6', key, key, ['ipv6_addr', 'inet_service'], podSets, everyPod, elementsOf),
    };
  }

  #take(
    prefix: string,
    content: string,
    comment: string,
    types: readonly ('ipv4_addr' | 'ipv6_addr' | 'inet_service')[],
    podSets: readonly PodSet[],
    everyPod: boolean,
    elementsOf: Followed['elementsOf'],
  ): string {
    const family: Family = types[0] === 'ipv4_addr' ? 4 : 6;
    const taken = this.#objects.take(prefix, content, [], (name) => {
      const followed: Followed = { name, family, podSets, elementsOf, contributions: new Map(), everyPod };
      this.#follow(followed);
      return { kind: 'set', name, types, interval: false, elements: new Set(this.#elements(followed)), comment };
    });
    const followed = this.#followed.get(taken)!;
    // The model let a selection go and made it anew while the set of that name was still here.
    if (podSets.some((set, index) => set !== followed.podSets[index])) this.#retarget(followed, { ...followed, podSets, elementsOf });
    return taken;
  }

  /** Has a set follow other pod sets. */
  #retarget(before: Followed, after: Followed): void {
    this.drop(before.name);
    this.#follow(after);
    const addresses = new Set(before.contributions.keys());
    for (const podClass of this.#candidates(after)) for (const address of addressesOf(podClass)) addresses.add(address);
    for (const address of addresses) this.#refresh(after, address);
  }

  /** What all pods contribute now. */
  *#elements(followed: Followed): Generator<string> {
    for (const podClass of this.#candidates(followed))
      for (const address of addressesOf(podClass)) if (familyOf(address) === followed.family) yield* this.#contribute(followed, address);
  }

  #candidates(followed: Followed): Iterable<PodClass> {
    if (followed.everyPod) return this.#model.classes.values();
    return new Set(followed.podSets.flatMap((set) => [...set.classes]));
  }

  #follow(followed: Followed): void {
    this.#followed.set(followed.name, followed);
    if (followed.everyPod) this.#ofEveryPod.add(followed);
    for (const set of followed.podSets) {
      let all = this.#byPodSet.get(set);
      if (all === undefined) {
        all = new Set();
        this.#byPodSet.set(set, all);
      }
      all.add(followed);
    }
  }

  /** Stops following the set of that name, if it is one of these. */
  drop(name: string): void {
    const followed = this.#followed.get(name);
    if (followed === undefined) return;
    this.#followed.delete(name);
    this.#ofEveryPod.delete(followed);
    for (const set of followed.podSets) {
      const all = this.#byPodSet.get(set)!;
      all.delete(followed);
      if (all.size === 0) this.#byPodSet.delete(set);
    }
  }

  /** Whether any set lost elements since the last time this was asked. */
  tookAway(): boolean {
    const shrank = this.#shrank;
    this.#shrank = false;
    return shrank;
  }

  /** Brings the sets up to date with an update of the model. */
  update(addresses: ReadonlySet<string>, sets: ReadonlyMap<PodSet, ReadonlySet<PodClass>>): void {
    const joinedOrLeft = this.#byClass(sets);
    for (const address of addresses) this.#revisit(address, joinedOrLeft);
    for (const [podClass, podSets] of joinedOrLeft) {
      const touched = new Set(podSets.flatMap((set) => [...(this.#byPodSet.get(set) ?? [])]));
      for (const followed of touched) for (const address of addressesOf(podClass)) this.#refresh(followed, address);
    }
  }

  #byClass(sets: ReadonlyMap<PodSet, ReadonlySet<PodClass>>): Map<PodClass, PodSet[]> {
    const result = new Map<PodClass, PodSet[]>();
    for (const [set, classes] of sets)
      for (const podClass of classes) {
        const list = result.get(podClass);
        if (list === undefined) result.set(podClass, [set]);
        else list.push(set);
      }
    return result;
  }

  /** An address whose owner may be another now: what its class was and what it is decide which sets to look at. */
  #revisit(address: string, joinedOrLeft: ReadonlyMap<PodClass, readonly PodSet[]>): void {
    const before = this.#classOfAddress.get(address);
    const owner = this.#model.ownerOf(address);
    const now = owner.kind === 'Pod' ? owner.class : undefined;
    if (now === undefined) this.#classOfAddress.delete(address);
    else this.#classOfAddress.set(address, now);
    const podSets = [before, now].flatMap((podClass) =>
      podClass === undefined ? [] : [...podClass.sets, ...(joinedOrLeft.get(podClass) ?? [])],
    );
    const touched = new Set<Followed>(this.#ofEveryPod);
    for (const set of podSets) for (const followed of this.#byPodSet.get(set) ?? []) touched.add(followed);
    for (const followed of touched) this.#refresh(followed, address);
  }

  #refresh(followed: Followed, address: string): void {
    const { name } = followed;
    if (followed.family !== familyOf(address)) return;
    const before = followed.contributions.get(address) ?? [];
    const now = this.#contribute(followed, address);
    for (const element of before) if (!now.includes(element) && this.#objects.setElement(name, element, undefined)) this.#shrank = true;
    for (const element of now) this.#objects.setElement(name, element, true);
  }

  /** What the address contributes now, noted. */
  #contribute(followed: Followed, address: string): readonly string[] {
    const owner = this.#model.ownerOf(address);
    const elements = owner.kind === 'Pod' && this.#isIn(followed, owner.class) ? followed.elementsOf(address, owner.class) : [];
    if (elements.length === 0) followed.contributions.delete(address);
    else followed.contributions.set(address, elements);
    return elements;
  }

  #isIn(followed: Followed, podClass: PodClass): boolean {
    return followed.everyPod || followed.podSets.some((set) => set.classes.has(podClass));
  }
}

/** The addresses of all members, canonical. */
export function* addressesOf(podClass: PodClass): Generator<string> {
  for (const pod of podClass.members.values() as Iterable<Pod>) yield* pod.addresses;
}

/** `address . port` of every port that the pod declares under one of the names and may be reached on. */
function resolve(items: readonly NamedPort[], address: string, podClass: PodClass): string[] {
  const reachable = items.filter(({ allowed }) => mayReach(allowed, address, podClass));
  const ports = new Set(reachable.flatMap((item) => portsNamed(podClass, item)));
  return Array.from(ports, (port) => `${address} . ${port}`);
}

function mayReach(allowed: Allowed, address: string, podClass: PodClass): boolean {
  if (allowed === 'anyone') return true;
  return allowed.sets.some((set) => set.classes.has(podClass)) || hasAddress(allowed.blocks, parseIp(address)!);
}
