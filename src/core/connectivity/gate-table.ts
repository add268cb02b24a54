import type { Choices } from '../api/choices.ts';
import type { ContainerPort, Direction } from '../api/types.ts';
import { allTraffic, noTraffic, type Traffic, trafficOf, uniteTraffic } from '../net/port-set.ts';
import { type CompiledPolicy, type CompiledRule, inOrderOfEvaluation, type PodSet } from '../policy/model.ts';
import { portsMeant, seesInBlocks } from '../verdict/rule-match.ts';
import type { Signature } from './block-index.ts';
import { GateStates, type StateId, type StepId } from './gate-states.ts';
import { SpokenStates } from './spoken-states.ts';
import type { TrafficTable } from './traffic-table.ts';
import { append, type Gate, type Ports, type Unit, type Units } from './units.ts';

/** Where the rules of one direction are found by what they match. */
interface RuleIndex {
  readonly bySet: Map<PodSet, CompiledRule[]>;
  /** By the number of the block. */
  readonly byBlock: Map<number, CompiledRule[]>;
  readonly gatesOf: Map<CompiledPolicy, Gate[]>;
  /** Each gate's state after its rules for any peer; names that they use mean nothing here where the destination is the remote. */
  readonly base: StateId[];
  /** Whether rules of a cluster-wide tier are among them. */
  readonly areOrdered: boolean;
}

/** How many states are kept in rows of each direction: 32 MiB. */
const keptStates = 2 ** 23;

/** A gate that is asked about so many units is asked about all. */
const often = 32;

/**
 * What every gate says to every unit. Nothing is kept but what rules say: a row (one gate, all remotes) and a column (one remote, all
 * gates) is worked out from the rules that match, so that work and memory grow with the matches alone.
 */
export class GateTable {
  readonly traffics: TrafficTable;
  readonly states: GateStates;
  readonly #units: Units;
  readonly #choices: Choices;
  readonly #rules: Readonly<Record<Direction, RuleIndex>>;
  readonly #steps = new Map<CompiledRule, StepId | Map<number, StepId>>();
  readonly #unitsIn = new Map<PodSet, readonly Unit[]>();
  readonly #signaturesIn = new Map<number, Signature[]>();
  readonly #rows: Readonly<Record<Direction, Map<number, SpokenStates>>> = { egress: new Map(), ingress: new Map() };

  /** How often each gate was asked about one unit, by its number. */
  readonly #asked: Readonly<Record<Direction, number[]>> = { egress: [], ingress: [] };

  /** All units have to be known by now. */
  constructor(units: Units, choices: Choices, traffics: TrafficTable) {
    this.traffics = traffics;
    this.states = new GateStates(traffics);
    this.#units = units;
    this.#choices = choices;
    for (const signature of units.blocks.signatures) for (const block of signature.blocks) append(this.#signaturesIn, block, signature);
    this.#rules = { egress: this.#index('egress'), ingress: this.#index('ingress') };
  }

  /** The state of the gate of that number toward addresses that no rule of it speaks of. */
  baseOf(direction: Direction, gate: number): StateId {
    return this.#rules[direction].base[gate]!;
  }

  /** The states of a gate toward the units that some rule of it speaks of, by unit number; all others have the gate's base. */
  row(direction: Direction, gate: Gate): SpokenStates {
    const rows = this.#rows[direction];
    let row = rows.get(gate.id);
    if (row === undefined) {
      row = this.#workOut(direction, gate);
      rows.set(gate.id, row);
      // Sources come by namespace, and so do those that share a gate: the oldest row is not needed again soon.
      if (rows.size * this.#units.units.length > keptStates) rows.delete(rows.keys().next().value!);
    }
    return row;
  }

  #workOut(direction: Direction, gate: Gate): SpokenStates {
    const row = new SpokenStates(this.#units.units.length);
    const base = this.baseOf(direction, gate.id);
    for (const rule of gate.rules)
      for (const { units, countsNames } of this.#matchedBy(rule))
        for (const { id, profile } of units) {
          const ports = direction === 'egress' ? profile?.ports : gate.ports;
          row.set(id, this.states.apply(row.get(id) ?? base, this.#stepOf(rule, ports, countsNames)));
        }
    return row;
  }

  /** The state of a gate toward one unit, for those who ask about few of its units. */
  stateOf(direction: Direction, gate: Gate, unit: Unit): StateId {
    let state = this.baseOf(direction, gate.id);
    const known = this.#rows[direction].get(gate.id) ?? this.#rowIfOften(direction, gate);
    if (known !== undefined) return known.get(unit.id) ?? state;
    const ports = direction === 'egress' ? unit.profile?.ports : gate.ports;
    for (const rule of gate.rules)
      for (const countsNames of this.#matchesOf(rule, unit)) state = this.states.apply(state, this.#stepOf(rule, ports, countsNames));
    return state;
  }

  /** The row of a gate that was asked about so many units that it costs less. */
  #rowIfOften(direction: Direction, gate: Gate): SpokenStates | undefined {
    const times = (this.#asked[direction][gate.id] ?? 0) + 1;
    this.#asked[direction][gate.id] = times;
    return times > often ? this.row(direction, gate) : undefined;
  }

  /** For each peer of the rule that holds the unit, whether names of ports count there. */
  #matchesOf(rule: CompiledRule, { profile, signature, owner }: Unit): boolean[] {
    if (rule.peers === undefined) return isByDestination(rule) ? [true] : [];
    return rule.peers.flatMap((peer) => {
      if (peer.kind === 'pods') return profile?.sets.has(peer.set) ? [true] : [];
      const isHeld = seesInBlocks(rule, owner, this.#choices) && signature.blocks.includes(this.#units.blockIds.get(peer.key)!);
      return isHeld ? [this.#blocksCountNames] : [];
    });
  }

  /** The units that a rule's peers hold; none for a rule that is in the base. */
  #matchedBy(rule: CompiledRule): { readonly units: Iterable<Unit>; readonly countsNames: boolean }[] {
    if (rule.peers === undefined) return isByDestination(rule) ? [{ units: this.#units.units, countsNames: true }] : [];
    return rule.peers.map((peer) =>
      peer.kind === 'pods'
        ? { units: this.#unitsOf(peer.set), countsNames: true }
        : { units: this.#unitsWithin(rule, this.#units.blockIds.get(peer.key)!), countsNames: this.#blocksCountNames },
    );
  }

  /**
   * The states of the gates that have a rule for a unit, by gate number; all others have their base. Toward destinations only for
   * units of nobody: a rule for any peer may name a port, and who that touches is found by rows.
   */
  column(direction: Direction, unit: Unit): SpokenStates {
    const { base, gatesOf } = this.#rules[direction];
    const column = new SpokenStates(base.length);
    this.#visitMatches(direction, unit, (rule, countsNames) => {
      for (const gate of gatesOf.get(rule.policy)!) {
        const ports = direction === 'egress' ? unit.profile?.ports : gate.ports;
        column.set(gate.id, this.states.apply(column.get(gate.id) ?? base[gate.id]!, this.#stepOf(rule, ports, countsNames)));
      }
    });
    return column;
  }

  /** Visits the rules of all gates of the direction whose peers hold the unit; where the order matters, in the order of evaluation. */
  #visitMatches(direction: Direction, unit: Unit, visit: (rule: CompiledRule, countsNames: boolean) => void): void {
    if (!this.#rules[direction].areOrdered) {
      this.#visitUnordered(direction, unit, visit);
      return;
    }
    const matches: { readonly rule: CompiledRule; readonly countsNames: boolean }[] = [];
    this.#visitUnordered(direction, unit, (rule, countsNames) => matches.push({ rule, countsNames }));
    matches.sort((a, b) => inOrderOfEvaluation(a.rule.policy, b.rule.policy) || a.rule.index - b.rule.index);
    for (const { rule, countsNames } of matches) visit(rule, countsNames);
  }

  #visitUnordered(
    direction: Direction,
    { profile, signature, owner }: Unit,
    visit: (rule: CompiledRule, countsNames: boolean) => void,
  ): void {
    const { bySet, byBlock } = this.#rules[direction];
    for (const set of profile?.sets ?? []) for (const rule of bySet.get(set) ?? []) visit(rule, true);
    for (const block of signature.blocks)
      for (const rule of byBlock.get(block) ?? []) if (seesInBlocks(rule, owner, this.#choices)) visit(rule, this.#blocksCountNames);
  }

  get #blocksCountNames(): boolean {
    return this.#choices['named-port-with-ipblock'] === 'resolve-on-pod';
  }

  /** What a rule does at a destination with the given ports. */
  #stepOf(rule: CompiledRule, ports: Ports | undefined, countsNames: boolean): StepId {
    let known = this.#steps.get(rule);
    if (known === undefined) {
      known = isNamed(rule) ? new Map<number, StepId>() : this.#meaning(rule, []);
      this.#steps.set(rule, known);
    }
    if (typeof known === 'number') return known;
    const names = countsNames ? ports : undefined;
    const key = names?.id ?? -1;
    let step = known.get(key);
    if (step === undefined) {
      step = this.#meaning(rule, names?.declared ?? []);
      known.set(key, step);
    }
    return step;
  }

  #meaning(rule: CompiledRule, declared: readonly ContainerPort[]): StepId {
    return this.states.stepOf(rule, this.traffics.idOf(trafficMeant(rule, declared)));
  }

  #unitsOf(set: PodSet): readonly Unit[] {
    let units = this.#unitsIn.get(set);
    if (units === undefined) {
      const profiles = new Set(Array.from(set.classes, (podClass) => this.#units.profileOf(podClass)));
      units = [...profiles].flatMap((profile) => [...profile.units.values()]);
      this.#unitsIn.set(set, units);
    }
    return units;
  }

  *#unitsWithin(rule: CompiledRule, block: number): Generator<Unit> {
    for (const signature of this.#signaturesIn.get(block) ?? [])
      for (const unit of this.#units.unitsWith(signature)) if (seesInBlocks(rule, unit.owner, this.#choices)) yield unit;
  }

  #index(direction: Direction): RuleIndex {
    const gates = this.#units.gates[direction];
    const gatesOf = new Map<CompiledPolicy, Gate[]>();
    for (const gate of gates) for (const policy of gate.policies) append(gatesOf, policy, gate);
    const areOrdered = [...gatesOf.keys()].some(({ tier }) => tier !== 'NetworkPolicy');
    const index: RuleIndex = { bySet: new Map(), byBlock: new Map(), gatesOf, base: [], areOrdered };
    for (const policy of gatesOf.keys()) for (const rule of policy[direction]!) this.#file(index, rule);
    for (const gate of gates) {
      const ports = direction === 'egress' ? undefined : gate.ports;
      const forAny = gate.rules.filter(({ peers }) => peers === undefined);
      const base = forAny.reduce((state, rule) => this.states.apply(state, this.#stepOf(rule, ports, true)), this.states.initial);
      index.base.push(base);
    }
    return index;
  }

  #file({ bySet, byBlock }: RuleIndex, rule: CompiledRule): void {
    for (const peer of rule.peers ?? []) {
      if (peer.kind === 'pods') append(bySet, peer.set, rule);
      else append(byBlock, this.#units.blockIds.get(peer.key)!, rule);
    }
  }
}

const isNamed = ({ ports = [] }: CompiledRule): boolean => ports.some(({ kind }) => kind === 'named');

/** Whether a rule for any peer means another traffic at every destination. */
const isByDestination = (rule: CompiledRule): boolean => rule.peers === undefined && rule.direction === 'egress' && isNamed(rule);

function trafficMeant({ ports }: CompiledRule, declared: readonly ContainerPort[]): Traffic {
  if (ports === undefined) return allTraffic;
  return ports.map((match) => trafficOf(match.protocol, portsMeant(match, declared))).reduce(uniteTraffic, noTraffic);
}
