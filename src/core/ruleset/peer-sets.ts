import type { Pod } from '../api/types.ts';
import { hasAddress } from '../net/address-set.ts';
import { type Family, parseIp } from '../net/ip.ts';
import type { PodClass, PodSet } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { addressType } from './frame.ts';
import type { NamedPort } from './gate.ts';
import type { Objects } from './objects.ts';
import { type Allowed, isNobody } from './peers.ts';
import { portsNamed } from './ports.ts';
import type { KeyType, Verdict } from './types.ts';

/** The family of a canonical address text. */
export const familyOf = (address: string): Family => (address.includes(':') ? 6 : 4);

/** An element of a set, or the verdict of a map's. */
export type Element = Verdict | true;

/** Some elements of a set or map by their keys, each once. Mostly there is one, so a list is enough. */
export type Elements = readonly (readonly [key: string, element: Element])[];

/** What a set or map holds whose elements follow the pods of the cluster. */
export interface Following {
  /** What names of its kind begin with, the family last. */
  readonly prefix: string;
  /** The canonical text of what decides its elements, beside the pods that there are. */
  readonly content: string;
  readonly types: readonly KeyType[];
  readonly podSets: readonly PodSet[];
  /** Every pod is looked at, not only those of the sets. */
  readonly everyPod: boolean;
  readonly shape: { readonly kind: 'set' } | { readonly kind: 'map'; readonly moves?: 'first' };
  /** Names that its elements may refer to; references pass to it. */
  readonly dependencies: readonly string[];
  /** The elements that an address contributes when it belongs to a pod of that class. */
  readonly elementsOf: (address: string, podClass: PodClass) => Elements;
  /** Whether a change of an element of the address may close what was open. */
  readonly restricts: (address: string, before: Element | undefined, after: Element | undefined) => boolean;
}

/** One of them while it is there. */
interface Followed extends Following {
  readonly name: string;
  readonly family: Family;
  /** What each address contributes now. */
  readonly contributions: Map<string, Elements>;
}

const nothing: Elements = [];

const elementOf = (elements: Elements, key: string): Element | undefined => elements.find(([each]) => each === key)?.[1];

/**
 * Keeps the hash sets and maps of peers current: unions of pod sets by address, named ports by address and port, what tiers decide about
 * pods. Every address that the model says was touched is looked at once for each set it may be in, and nothing else is.
 */
export class PeerSets {
  readonly #model: PolicyModel;
  readonly #objects: Objects;
  readonly #followed = new Map<string, Followed>();
  readonly #byPodSet = new Map<PodSet, Set<Followed>>();
  readonly #ofEveryPod = new Set<Followed>();
  readonly #classOfAddress = new Map<string, PodClass>();
  #restricted = false;

  constructor(model: PolicyModel, objects: Objects) {
    this.#model = model;
    this.#objects = objects;
  }

  /** The names, by family, of the sets of addresses of all pods of the given sets; references are the caller's. */
  takePods(podSets: readonly PodSet[]): { readonly 4: string; readonly 6: string } {
    const content = podSets.map((set) => set.key).join(' + ');
    const take = (family: Family): string =>
      this.take({
        ...followingSet(`pods${family}`, content, [addressType(family)]),
        podSets,
        everyPod: false,
        elementsOf: (address) => [[address, true]],
      });
    return { 4: take(4), 6: take(6) };
  }

  /** The names of the sets of `address . port` pairs that named ports of one protocol resolve to. */
  takeNamed(items: readonly NamedPort[], content: string): { readonly 4: string; readonly 6: string } {
    const podSets = [...new Set(items.flatMap(({ allowed }) => (allowed === 'anyone' ? [] : allowed.sets)))];
    // Blocks and "anyone" reach pods that no set speaks of, so every pod is looked at.
    const everyPod = items.some(({ allowed }) => allowed === 'anyone' || !isNobody({ sets: [], blocks: allowed.blocks }));
    const take = (family: Family): string =>
      this.take({
        ...followingSet(`named${family}`, content, [addressType(family), 'inet_service']),
        podSets,
        everyPod,
        elementsOf: (address, podClass) => resolve(items, address, podClass).map((pair) => [pair, true]),
      });
    return { 4: take(4), 6: take(6) };
  }

  /** The name of the set or map that holds this; the reference is the caller's. */
  take(following: Following): string {
    const { prefix, content, types, podSets, shape, dependencies } = following;
    const taken = this.#objects.take(prefix, content, dependencies, (name) => {
      const followed = { ...following, name, family: types[0] === 'ipv4_addr' ? (4 as const) : (6 as const), contributions: new Map() };
      this.#follow(followed);
      const elements = this.#elements(followed);
      const common = { name, types, interval: false, comment: content };
      return shape.kind === 'set'
        ? { kind: 'set', ...common, elements: new Set(elements.keys()) }
        : { kind: 'map', ...common, ...(shape.moves && { moves: shape.moves }), elements: elements as Map<string, Verdict> };
    });
    const followed = this.#followed.get(taken)!;
    // The model let a selection go and made it anew while the set of that name was still here.
    if (podSets.some((set, index) => set !== followed.podSets[index])) this.#retarget(followed, { ...followed, ...following });
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
  #elements(followed: Followed): Map<string, Element> {
    const elements = new Map<string, Element>();
    for (const podClass of this.#candidates(followed))
      for (const { addresses } of podClass.members.values())
        for (const address of addresses)
          if (familyOf(address) === followed.family)
            for (const [key, element] of this.#contribute(followed, address)) elements.set(key, element);
    return elements;
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

  /** Whether, since the last time this was asked, any change may have closed what was open. */
  haveRestricted(): boolean {
    const restricted = this.#restricted;
    this.#restricted = false;
    return restricted;
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
    // As before anything is followed, when there are most addresses.
    if (this.#followed.size === 0) return;
    const podSets = [before, now].flatMap((podClass) =>
      podClass === undefined ? [] : [...podClass.sets, ...(joinedOrLeft.get(podClass) ?? [])],
    );
    const touched = new Set<Followed>(this.#ofEveryPod);
    for (const set of podSets) for (const followed of this.#byPodSet.get(set) ?? []) touched.add(followed);
    for (const followed of touched) this.#refresh(followed, address);
  }

  #refresh(followed: Followed, address: string): void {
    if (followed.family !== familyOf(address)) return;
    const before = followed.contributions.get(address) ?? nothing;
    const now = this.#contribute(followed, address);
    for (const [key, was] of before) if (elementOf(now, key) === undefined) this.#change(followed, address, key, was, undefined);
    for (const [key, is] of now) this.#change(followed, address, key, elementOf(before, key), is);
  }

  #change({ name, restricts }: Followed, address: string, key: string, was: Element | undefined, is: Element | undefined): void {
    if (this.#objects.setElement(name, key, is) && restricts(address, was, is)) this.#restricted = true;
  }

  /** What the address contributes now, noted. */
  #contribute(followed: Followed, address: string): Elements {
    const owner = this.#model.ownerOf(address);
    const elements = owner.kind === 'Pod' && this.#isIn(followed, owner.class) ? followed.elementsOf(address, owner.class) : nothing;
    if (elements.length === 0) followed.contributions.delete(address);
    else followed.contributions.set(address, elements);
    return elements;
  }

  #isIn(followed: Followed, podClass: PodClass): boolean {
    return followed.everyPod || followed.podSets.some((set) => set.classes.has(podClass));
  }
}

/** A set of peers that may pass: only what it loses closes anything. */
const followingSet = (
  prefix: string,
  content: string,
  types: readonly KeyType[],
): Pick<Following, 'prefix' | 'content' | 'types' | 'shape' | 'dependencies' | 'restricts'> => ({
  prefix,
  content,
  types,
  shape: { kind: 'set' },
  dependencies: [],
  restricts: (_, __, after) => after === undefined,
});

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
