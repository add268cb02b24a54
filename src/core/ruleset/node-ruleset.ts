import { directions } from '../api/types.ts';
import { addressesOf as addressesOfBlocks } from '../net/address-set.ts';
import { parseCidr } from '../net/cidr.ts';
import { families } from '../net/ip.ts';
import type { ModelDelta, PodClass } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type Subjects, subjectsOf } from './census.ts';
import { arePoliced, ClassGates, type Gates, type GatesOfClass, noGates } from './class-gates.ts';
import { enforcing } from './exits.ts';
import { frame, generationChains, greatestGeneration, nearFrame, type RulesetOptions, type Walk } from './frame.ts';
import { baseChains, frameObjects, nearObjects } from './frame-chains.ts';
import { gateOf } from './gate.ts';
import { GateChains } from './gate-chains.ts';
import { HoldBack } from './hold-back.ts';
import { type Drift, driftOf, isMutable, type Listing } from './listing.ts';
import { Objects } from './objects.ts';
import { addressesOf, familyOf, PeerSets } from './peer-sets.ts';
import { closingTransaction, type Plan, planOf } from './plan.ts';
import type { Chain, Denials, RulesetObject, Transaction } from './types.ts';

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
  readonly #takenGates: ClassGates;
  /** Local classes with at least one address here. */
  readonly #gates = new Map<PodClass, GatesOfClass>();
  readonly #local = new Map<string, { readonly podClass: PodClass; readonly name: string }>();
  readonly #closed = new Set<string>();
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
    const chains = new GateChains(this.#objects, this.#peers, options);
    this.#takenGates = new ClassGates(model, this.#objects, chains, this.#closed);
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
    this.#takenGates.begin();
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

  /** Who denies what the counter of that name counts; the log of drops names it. */
  denialsOf(counter: string): Denials | undefined {
    const object = this.#objects.get(counter);
    return object?.kind === 'counter' ? object.denials : undefined;
  }

  /** The names of policies whose subjects are closed because they could not be programmed. */
  get closed(): ReadonlySet<string> {
    return this.#closed;
  }

  /** Closes or opens again the gates of all subjects of a policy: closed lets nothing through. */
  setClosed(policy: string, closed: boolean): void {
    this.#takenGates.begin();
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
        if ([gates.routed, gates.near].some((each) => created.has(each[direction]?.chain ?? '')))
          for (const { name } of this.#model.policiesSpeaking(podClass, direction)) policies.add(name);
    return [...policies].sort();
  }

  /** A transaction that would create the gates which these policies alone make, for asking the kernel whether it would take them. */
  trialOf(policies: readonly string[]): Transaction {
    const trial = new Objects(() => undefined);
    const chains = new GateChains(trial, new PeerSets(this.#model, trial), this.options);
    const wanted = new Set(policies);
    for (const podClass of this.#gates.keys())
      for (const direction of directions) {
        const isolating = this.#model.policiesSpeaking(podClass, direction).filter(({ name }) => wanted.has(name));
        if (isolating.length === 0) continue;
        const gate = gateOf(isolating, direction, podClass, this.#model.choices);
        chains.take(gate, enforcing(direction));
        chains.takeNear(gate, enforcing(direction));
      }
    return [...frameObjects(this.options, 0), ...trial].map((object) => ({ change: 'create', object }));
  }

  /** A transaction that isolates every address that should be: those whose gates the kernel lacks are closed by it. A gate in audit closes nothing. */
  closingTransaction(): Transaction {
    const gates = [frame, nearFrame].flatMap((walk) => directions.map((direction) => ({ walk, direction })));
    const sets = gates.flatMap((gate) => families.map((family) => [gate.walk.isolated(gate.direction, family), gate] as const));
    const gateOfSet = new Map(sets);
    return closingTransaction(this.#objects.pending(), this.#objects, (set, address) => {
      const gate = gateOfSet.get(set);
      return gate !== undefined && this.#gatesAt(address)[gate.walk.name][gate.direction]?.isEnforced === true;
    });
  }

  #gatesAt(address: string): GatesOfClass {
    const podClass = this.#local.get(address)?.podClass;
    return (podClass && this.#gates.get(podClass)) ?? noGates;
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
    const podCidrs = !this.#model.enforces ? [] : (this.#model.nodeOf(this.node)?.podCidrs ?? []);
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
    const now = this.#takenGates.take(podClass);
    this.#gates.set(podClass, now);
    this.#takenGates.release(before);
    const isSame = (a: Gates, b: Gates): boolean => directions.every((direction) => a[direction]?.chain === b[direction]?.chain);
    if (isSame(before.routed, now.routed) && isSame(before.near, now.near)) return;
    for (const address of addressesOf(podClass)) this.#dispatch(address);
  }

  #forget(podClass: PodClass): void {
    this.#takenGates.release(this.#gates.get(podClass) ?? noGates);
    this.#gates.delete(podClass);
  }

  /** Points the dispatch of an address to its gates. */
  #dispatch(address: string): void {
    const { routed, near } = this.#gatesAt(address);
    const family = familyOf(address);
    const hasGate = Object.keys(routed).length > 0 ? true : undefined;
    const changes = [
      this.#point(frame, address, routed),
      this.#objects.setElement(frame.hairpin(family), `${address} . ${address}`, hasGate),
      this.#dispatchNear(address, near),
    ];
    if (changes.includes(true)) this.#needsGeneration = true;
  }

  #dispatchNear(address: string, gates: Gates): boolean {
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
  #point(walk: Walk, address: string, gates: Gates): boolean {
    const family = familyOf(address);
    const isPoliced = arePoliced(gates) ? true : undefined;
    const changes = [this.#objects.setElement(walk.policed(family), address, isPoliced)];
    for (const direction of directions) {
      const chain = gates[direction]?.chain;
      const isolated = chain === undefined ? undefined : true;
      changes.push(
        this.#objects.setElement(walk.dispatch(direction, family), address, chain === undefined ? undefined : { to: 'jump', chain }),
        this.#objects.setElement(walk.isolated(direction, family), address, isolated),
      );
    }
    return changes.includes(true);
  }
}
