import { type Direction, directions } from '../api/types.ts';
import { addressesOf as addressesOfBlocks } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { families } from '../net/ip.ts';
import type { ModelDelta, PodClass } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type Subjects, subjectsOf } from './census.ts';
import { frame, generationChains, greatestGeneration, nearFrame, type RulesetOptions, type Walk } from './frame.ts';
import { baseChains, frameObjects, nearObjects } from './frame-chains.ts';
import { closedGate, gateOf } from './gate.ts';
import { GateChains } from './gate-chains.ts';
import { HoldBack } from './hold-back.ts';
import { type Drift, driftOf, isMutable, type Listing } from './listing.ts';
import { Objects } from './objects.ts';
import { addressesOf, familyOf, PeerSets } from './peer-sets.ts';
import { closingTransaction, type Plan, planOf } from './plan.ts';
import type { Chain, RulesetObject, Transaction } from './types.ts';

/** The gates of a class, as the names of their chains, for each walk. */
type GatesOfClass = Readonly<Record<Walk['name'], Partial<Record<Direction, string>>>>;

const noGates: GatesOfClass = { routed: {}, near: {} };
const chainsOf = ({ routed, near }: GatesOfClass): string[] => [...Object.values(routed), ...Object.values(near)];

/**
 * What one node enforces, kept current with the policy model: only pods of this node are dispatched to gates, and only sets that those
 * gates refer to exist. Fed with what each update of the model touched; asked for the plan that brings the kernel there.
 */
export class NodeRuleset {
  readonly node: string;
  readonly options: RulesetOptions;
  readonly #model: PolicyModel;
  readonly #objects = new Objects((name) => this.#peers.drop(name));
  readonly #peers: PeerSets;
  readonly #chains: GateChains;
  /** Local classes with at least one address here. */
  readonly #gates = new Map<PodClass, GatesOfClass>();
  readonly #local = new Map<string, { readonly podClass: PodClass; readonly name: string }>();
  readonly #closed = new Set<string>();
  /** Chains of gates by what makes them, during one update: what makes them is named, not spelled out. */
  readonly #gatesOfUpdate = new Map<string, Readonly<Partial<Record<Walk['name'], string>>>>();
  /** Addresses that have a gate toward the own node; while there are any, packets between pods and their node are hooked. */
  readonly #near = new Set<string>();
  #isNearOpen = false;
  readonly #hold: HoldBack | undefined;
  #generation = 0;
  /** Base chains that the kernel has, and those of them that it has with another content. */
  #hooked: ReadonlySet<string> = new Set();
  #damagedHooks: readonly Chain[] = [];
  #needsGeneration = false;
  #marksAreClear: boolean;

  constructor(model: PolicyModel, node: string, options: RulesetOptions) {
    this.#model = model;
    this.node = node;
    this.options = options;
    this.#peers = new PeerSets(model, this.#objects);
    this.#chains = new GateChains(this.#objects, this.#peers, options.choices);
    // Marks of an earlier life may carry any number: until they are cleared, every packet is judged.
    this.#marksAreClear = false;
    for (const object of frameObjects(options, 0)) this.#objects.add(object);
    if (options.holdBack) this.#hold = new HoldBack(this.#objects);
  }

  /** The generation that connections are marked with; 0 when every packet is judged. */
  get generation(): number {
    return this.#generation;
  }

  /** Whether the numbers are used up: the marks have to be cleared, after which `marksCleared` is to be called. */
  get wantsClearMarks(): boolean {
    return this.options.markMask !== 0 && !this.#marksAreClear;
  }

  /** No connection carries a mark any more: generations count from 1 again. */
  marksCleared(): void {
    this.#marksAreClear = true;
    this.#needsGeneration = true;
  }

  /** Takes in what an update of the model touched. Returns the addresses that left a pod of this node. */
  update(delta: ModelDelta): string[] {
    this.#gatesOfUpdate.clear();
    this.#peers.update(delta.addresses, delta.sets);
    if (this.#hold !== undefined) this.#holdBack(this.#hold, delta);
    const gone = [...delta.addresses].filter((address) => this.#place(address));
    for (const podClass of delta.gates) if (this.#gates.has(podClass)) this.#rebuild(podClass);
    for (const address of delta.addresses) this.#dispatch(address);
    this.#closeNear();
    return gone;
  }

  /** The addresses of this node's pods that some policy isolates. */
  policedAddresses(): ReadonlySet<string> {
    const sets = families.map((family) => this.#objects.get(frame.policed(family)));
    return new Set(sets.flatMap((set) => (set?.kind === 'set' ? [...set.elements] : [])));
  }

  /** The pods of this node that policies select. */
  subjects(): Subjects {
    return subjectsOf(this.#local.values());
  }

  /** The names of policies whose subjects are closed because they could not be programmed. */
  get closed(): ReadonlySet<string> {
    return this.#closed;
  }

  /** Closes or opens again the gates of all subjects of a policy: closed lets nothing through. */
  setClosed(policy: string, closed: boolean): void {
    this.#gatesOfUpdate.clear();
    if (closed) this.#closed.add(policy);
    else this.#closed.delete(policy);
    for (const podClass of this.#model.policies.get(policy)?.subjects.classes ?? []) if (this.#gates.has(podClass)) this.#rebuild(podClass);
    this.#closeNear();
  }

  /** The policies, `namespace/name`, whose gates a transaction creates. */
  policiesOf(transaction: Transaction): string[] {
    const created = new Set(transaction.flatMap((change) => (change.change === 'create' ? [change.object.name] : [])));
    const policies = new Set<string>();
    for (const [podClass, gates] of this.#gates)
      for (const direction of directions)
        if (created.has(gates.routed[direction] ?? '') || created.has(gates.near[direction] ?? ''))
          for (const { name } of this.#model.policiesOf(podClass, direction)) policies.add(name);
    return [...policies].sort();
  }

  /** A transaction that would create the gates which these policies alone make, for asking the kernel whether it would take them. */
  trialOf(policies: readonly string[]): Transaction {
    const trial = new Objects(() => undefined);
    const chains = new GateChains(trial, new PeerSets(this.#model, trial), this.options.choices);
    const wanted = new Set(policies);
    for (const podClass of this.#gates.keys())
      for (const direction of directions) {
        const isolating = this.#model.policiesOf(podClass, direction).filter(({ name }) => wanted.has(name));
        if (isolating.length === 0) continue;
        const gate = gateOf(isolating, direction, podClass, this.#model.choices);
        chains.take(gate);
        chains.takeNear(gate);
      }
    return [...frameObjects(this.options, 0), ...trial].map((object) => ({ change: 'create', object }));
  }

  /** A transaction that isolates every address that should be: those whose gates the kernel lacks are closed by it. */
  closingTransaction(): Transaction {
    const isolated = [frame, nearFrame].flatMap((walk) =>
      directions.flatMap((direction) => families.map((family) => walk.isolated(direction, family))),
    );
    return closingTransaction(this.#objects.pending(), this.#objects, isolated);
  }

  /** Everything that the table holds, in an order in which it can be loaded. */
  *objects(): Generator<RulesetObject> {
    yield* this.#objects;
    yield* this.#baseChains;
  }

  get #baseChains(): readonly Chain[] {
    return baseChains(this.options, this.#isNearOpen);
  }

  /** The transactions that bring the kernel from what it was last told to this, or undefined when it is there. */
  plan(): Plan | undefined {
    const pending = this.#objects.pending();
    if (this.#peers.haveRestricted()) this.#needsGeneration = true;
    const isAddition = !this.#needsGeneration;
    const generation = isAddition ? this.#generation : this.#nextGeneration();
    const wanted = this.#baseChains;
    const names = new Set(wanted.map(({ name }) => name));
    const plan = planOf(pending, this.#objects, {
      hooks: wanted.filter(({ name }) => !this.#hooked.has(name)),
      goneHooks: [...this.#hooked].filter((name) => !names.has(name)),
      damagedHooks: this.#damagedHooks,
      generation: generation === this.#generation ? [] : generationChains(this.options, generation),
      isAddition,
    });
    if (plan === undefined) {
      this.#needsGeneration = false;
      return undefined;
    }
    return {
      ...plan,
      prepared: () => this.#objects.prepared(),
      switched: () => {
        this.#objects.switched();
        this.#hooked = new Set([...this.#hooked, ...names]);
        this.#damagedHooks = [];
        this.#needsGeneration = false;
        this.#setGeneration(generation);
      },
      cleaned: () => {
        this.#objects.cleaned();
        this.#hooked = names;
      },
    };
  }

  /**
   * Takes in what the kernel holds under our table, and what nft lists for a table that holds what this does: the next plan brings the one to
   * the other. Returns what differed.
   */
  adopt(actual: Listing, expected: Listing): Drift {
    const drift = driftOf(actual, expected, (name) => {
      const object = this.#objects.get(name);
      return object !== undefined && isMutable(object);
    });
    const hooks = this.#baseChains;
    this.#hooked = new Set(hooks.map(({ name }) => name).filter((name) => drift.known.has(name)));
    this.#damagedHooks = hooks.filter(({ name }) => drift.damaged.has(name));
    const harmed = this.#objects.adopt(drift);
    // What connections were judged by while something was missing is not known.
    if (drift.damaged.size + harmed.length > 0 || this.#hooked.size < hooks.length) this.#needsGeneration = true;
    return { ...drift, damaged: new Set([...drift.damaged, ...harmed]) };
  }

  #nextGeneration(): number {
    if (!this.#marksAreClear) return 0;
    return this.#generation < greatestGeneration(this.options.markMask) ? this.#generation + 1 : 0;
  }

  #setGeneration(generation: number): void {
    if (generation === 0 && this.#generation !== 0) this.#marksAreClear = false;
    this.#generation = generation;
    for (const chain of generationChains(this.options, generation)) this.#objects.replace(chain);
  }

  /** A new pod of this node waits until it is known, with its gates: where there is no policy, for nothing. */
  #holdBack(hold: HoldBack, delta: ModelDelta): void {
    const podCidrs = this.#model.policies.size === 0 ? [] : (this.#model.nodeOf(this.node)?.podCidrs ?? []);
    const areOthers = hold.setRanges(addressesOfBlocks(podCidrs.flatMap((text) => parseCidr(text)?.cidr ?? [])));
    const touched = areOthers ? [...this.#model.classes.values()].flatMap((podClass) => [...addressesOf(podClass)]) : [];
    const isKnown = (address: string): boolean => {
      const owner = this.#model.ownerOf(address);
      return owner.kind === 'Pod' && (owner.pod.node === this.node || hold.covers(address));
    };
    const gone = [...touched, ...delta.addresses].filter((address) => hold.note(address, isKnown(address)));
    if (areOthers || gone.length > 0) this.#needsGeneration = true;
  }

  /** Notes which pod of this node has the address, if any does. Returns whether a pod of this node lost it. */
  #place(address: string): boolean {
    const owner = this.#model.ownerOf(address);
    const now = owner.kind === 'Pod' && owner.pod.node === this.node && !owner.pod.hostNetwork ? owner : undefined;
    const before = this.#local.get(address);
    if (now === undefined) this.#local.delete(address);
    else this.#local.set(address, { podClass: now.class, name: now.pod.name });
    if (now !== undefined && !this.#gates.has(now.class)) this.#rebuild(now.class);
    if (before !== undefined && before.podClass !== now?.class && !this.#isHere(before.podClass)) this.#forget(before.podClass);
    return before !== undefined && (before.name !== now?.pod.name || before.podClass.namespace !== now.class.namespace);
  }

  #isHere(podClass: PodClass): boolean {
    for (const address of addressesOf(podClass)) if (this.#local.get(address)?.podClass === podClass) return true;
    return false;
  }

  #rebuild(podClass: PodClass): void {
    const before = this.#gates.get(podClass) ?? noGates;
    const now: GatesOfClass = { routed: {}, near: {} };
    for (const direction of directions) {
      const { routed, near } = this.#takeGate(podClass, direction);
      if (routed !== undefined) now.routed[direction] = routed;
      if (near !== undefined) now.near[direction] = near;
    }
    this.#gates.set(podClass, now);
    for (const chain of chainsOf(before)) this.#objects.release(chain);
    if (
      directions.every((direction) => before.routed[direction] === now.routed[direction] && before.near[direction] === now.near[direction])
    )
      return;
    for (const address of addressesOf(podClass)) this.#dispatch(address);
  }

  /** The chains of a class's gate, none when no policy has a say. Classes that the same sets of subjects hold share them. */
  #takeGate(podClass: PodClass, direction: Direction): Readonly<Partial<Record<Walk['name'], string>>> {
    const subjects = Array.from(podClass.sets).filter((set) => set.subjectOf.size > 0);
    const key = [direction, ...subjects.map((set) => set.key).sort(), ...podClass.ports.map((port) => Object.values(port).join())].join(
      '|',
    );
    const known = this.#gatesOfUpdate.get(key);
    if (known !== undefined) {
      for (const chain of Object.values(known)) this.#objects.retain(chain);
      return known;
    }
    const policies = this.#model.policiesOf(podClass, direction);
    if (policies.length === 0) return {};
    const open = gateOf(policies, direction, podClass, this.#model.choices);
    const gate = policies.some(({ name }) => this.#closed.has(name)) ? closedGate(open) : open;
    const near = this.#chains.takeNear(gate);
    const chains = { routed: this.#chains.take(gate), ...(near !== undefined && { near }) };
    this.#gatesOfUpdate.set(key, chains);
    return chains;
  }

  #forget(podClass: PodClass): void {
    for (const chain of chainsOf(this.#gates.get(podClass) ?? noGates)) this.#objects.release(chain);
    this.#gates.delete(podClass);
  }

  /** Points the dispatch of an address to its gates. */
  #dispatch(address: string): void {
    const podClass = this.#local.get(address)?.podClass;
    const { routed, near } = (podClass && this.#gates.get(podClass)) ?? noGates;
    const family = familyOf(address);
    const policed = Object.keys(routed).length > 0 ? true : undefined;
    const changes = [
      this.#point(frame, address, routed),
      this.#objects.setElement(frame.hairpin(family), `${address} . ${address}`, policed),
      this.#dispatchNear(address, near),
    ];
    if (changes.includes(true)) this.#needsGeneration = true;
  }

  #dispatchNear(address: string, gates: GatesOfClass['near']): boolean {
    if (Object.keys(gates).length > 0) {
      this.#near.add(address);
      if (!this.#isNearOpen) for (const object of nearObjects(this.options)) this.#objects.add(object);
      this.#isNearOpen = true;
    } else this.#near.delete(address);
    return this.#isNearOpen && this.#point(nearFrame, address, gates);
  }

  /** Where no policy has a say in packets between pods and their own node any more, these are not looked at. */
  #closeNear(): void {
    if (!this.#isNearOpen || this.#near.size > 0) return;
    this.#isNearOpen = false;
    for (const { name } of nearObjects(this.options)) this.#objects.release(name);
  }

  /** Says which gates an address has on a walk. Returns whether they were others. */
  #point(walk: Walk, address: string, gates: Partial<Record<Direction, string>>): boolean {
    const family = familyOf(address);
    const isPoliced = Object.keys(gates).length > 0 ? true : undefined;
    const changes = [this.#objects.setElement(walk.policed(family), address, isPoliced)];
    for (const direction of directions) {
      const chain = gates[direction];
      const isolated = chain === undefined ? undefined : true;
      changes.push(
        this.#objects.setElement(walk.dispatch(direction, family), address, chain === undefined ? undefined : { to: 'jump', chain }),
        this.#objects.setElement(walk.isolated(direction, family), address, isolated),
      );
    }
    return changes.includes(true);
  }
}
