import type { Choices } from '../api/choices.ts';
import type { ContainerPort, Direction } from '../api/types.ts';
import { allTraffic, noTraffic, type Traffic, trafficOf, uniteTraffic } from '../net/port-set.ts';
import { type CompiledPolicy, type CompiledRule, type PodSet, tiers } from '../policy/model.ts';
import type { Signature } from './block-index.ts';
import { GateStates, type StateId } from './gate-state.ts';
import { portsMeant } from './rule-match.ts';
import { type TrafficId, TrafficTable } from './traffic-table.ts';
import { append, type Gate, type Ports, type Unit, type Units } from './units.ts';

/** Where the rules of one direction are found by what they match. */
interface RuleIndex {
  readonly bySet: Map<PodSet, CompiledRule[]>;
  /** By the number of the block. */
  readonly byBlock: Map<number, CompiledRule[]>;
  readonly gatesOf: Map<CompiledPolicy, Gate[]>;
  /** Each gate's state after its rules for any peer; names that they use mean nothing here where the destination is the remote. */
  readonly base: StateId[];
}

/**
 * What every gate says to every unit. Nothing is kept but what rules say: a row (one gate, all remotes) and a column (one remote, all
 * gates) is worked out from the rules that match, so that the work grows with the matches and the memory with neither.
 */
export class GateTable {
  readonly traffics = new TrafficTable();
  readonly states = new GateStates(this.traffics);
  readonly #units: Units;
  readonly #choices: Choices;
  readonly #rules: Readonly<Record<Direction, RuleIndex>>;
  readonly #ruleTraffic = new Map<CompiledRule, TrafficId | Map<string, TrafficId>>();
  readonly #unitsIn = new Map<PodSet, readonly Unit[]>();
  readonly #signaturesIn = new Map<number, Signature[]>();

  /** All units have to be known by now. */
  constructor(units: Units, choices: Choices) {
    this.#units = units;
    this.#choices = choices;
    for (const signature of units.blocks.signatures) for (const block of signature.blocks) append(this.#signaturesIn, block, signature);
    this.#rules = { egress: this.#index('egress'), ingress: this.#index('ingress') };
  }

  /** The state of the gate of that number toward addresses that no rule of it speaks of. */
  baseOf(direction: Direction, gate: number): StateId {
    return this.#rules[direction].base[gate]!;
  }

  /** The states of a gate toward every unit, by unit number. */
  row(direction: Direction, gate: Gate): Int32Array {
    const row = new Int32Array(this.#units.units.length).fill(this.baseOf(direction, gate.id));
    for (const policy of gate.policies)
      for (const rule of policy[direction]!)
        for (const { units, countsNames } of this.#matchedBy(rule))
          for (const { id, profile } of units) {
            const ports = direction === 'egress' ? profile?.ports : gate.ports;
            row[id] = this.states.apply(row[id]!, rule, this.#trafficOf(rule, ports, countsNames));
          }
    return row;
  }

  /** The units that a rule's peers hold; none for a rule that is in the base. */
  #matchedBy(rule: CompiledRule): { readonly units: Iterable<Unit>; readonly countsNames: boolean }[] {
    if (rule.peers === undefined) return isByDestination(rule) ? [{ units: this.#units.units, countsNames: true }] : [];
    return rule.peers.map((peer) =>
      peer.kind === 'pods'
        ? { units: this.#unitsOf(peer.set), countsNames: true }
        : { units: this.#unitsWithin(this.#units.blockIds.get(peer.key)!), countsNames: this.#blocksCountNames },
    );
  }

  /**
   * The states of every gate toward a unit, by gate number, with the numbers of the gates that have a rule for it. Toward
   * destinations only for units of nobody: a rule for any peer may name a port, and who that touches is found by rows.
   */
  column(direction: Direction, unit: Unit): { readonly states: Int32Array; readonly touched: ReadonlySet<number> } {
    const { base, gatesOf } = this.#rules[direction];
    const states = Int32Array.from(base);
    const touched = new Set<number>();
    for (const { rule, countsNames } of this.#matchesOf(direction, unit))
      for (const gate of gatesOf.get(rule.policy)!) {
        const ports = direction === 'egress' ? unit.profile?.ports : gate.ports;
        states[gate.id] = this.states.apply(states[gate.id]!, rule, this.#trafficOf(rule, ports, countsNames));
        touched.add(gate.id);
      }
    return { states, touched };
  }

  /** The rules of all gates of the direction whose peers hold the unit, in the order of evaluation. */
  #matchesOf(direction: Direction, { profile, signature }: Unit): { readonly rule: CompiledRule; readonly countsNames: boolean }[] {
    const { bySet, byBlock } = this.#rules[direction];
    const byPod = profile?.sets.flatMap((set) => bySet.get(set) ?? []) ?? [];
    const byAddress = signature.blocks.flatMap((block) => byBlock.get(block) ?? []);
    const matches = [
      ...byPod.map((rule) => ({ rule, countsNames: true })),
      ...byAddress.map((rule) => ({ rule, countsNames: this.#blocksCountNames })),
    ];
    const areOrdered = matches.some(({ rule }) => rule.policy.tier !== 'NetworkPolicy');
    return areOrdered ? matches.sort((a, b) => inOrderOfEvaluation(a.rule, b.rule)) : matches;
  }

  get #blocksCountNames(): boolean {
    return this.#choices['named-port-with-ipblock'] === 'resolve-on-pod';
  }

  /** The traffic that a rule means at a destination with the given ports. */
  #trafficOf(rule: CompiledRule, ports: Ports | undefined, countsNames: boolean): TrafficId {
    const names = countsNames ? ports : undefined;
    let known = this.#ruleTraffic.get(rule);
    if (known === undefined) {
      known = isNamed(rule) ? new Map<string, TrafficId>() : this.traffics.idOf(trafficMeant(rule, []));
      this.#ruleTraffic.set(rule, known);
    }
    if (typeof known === 'number') return known;
    const key = String(names?.id);
    let traffic = known.get(key);
    if (traffic === undefined) {
      traffic = this.traffics.idOf(trafficMeant(rule, names?.declared ?? []));
      known.set(key, traffic);
    }
    return traffic;
  }

  #unitsOf(set: PodSet): readonly Unit[] {
    let units = this.#unitsIn.get(set);
    if (units === undefined) {
      const profiles = new Set(Array.from(set.classes, (podClass) => this.#units.profileOf(podClass)));
      units = [...profiles].flatMap((profile) => profile.units);
      this.#unitsIn.set(set, units);
    }
    return units;
  }

  *#unitsWithin(block: number): Generator<Unit> {
    for (const signature of this.#signaturesIn.get(block) ?? []) yield* this.#units.unitsWith(signature);
  }

  #index(direction: Direction): RuleIndex {
    const index: RuleIndex = { bySet: new Map(), byBlock: new Map(), gatesOf: new Map(), base: [] };
    for (const gate of this.#units.gates[direction]) {
      for (const policy of gate.policies) {
        if (!index.gatesOf.has(policy)) for (const rule of policy[direction]!) this.#file(index, rule);
        append(index.gatesOf, policy, gate);
      }
      const ports = direction === 'egress' ? undefined : gate.ports;
      const forAny = gate.policies.flatMap((policy) => policy[direction]!).filter(({ peers }) => peers === undefined);
      index.base.push(
        forAny.reduce((base, rule) => this.states.apply(base, rule, this.#trafficOf(rule, ports, true)), this.states.initial),
      );
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

function inOrderOfEvaluation(a: CompiledRule, b: CompiledRule): number {
  const [p, q] = [a.policy, b.policy];
  const byTier = tiers.indexOf(p.tier) - tiers.indexOf(q.tier) || p.priority - q.priority;
  return byTier || (p.name < q.name ? -1 : p.name > q.name ? 1 : a.index - b.index);
}
