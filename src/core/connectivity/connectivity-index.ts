import type { Choices } from '../api/choices.ts';
import { type Direction, directions } from '../api/types.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { Family } from '../net/ip.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import type { CompiledRule } from '../policy/model.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import type { Analysis } from '../verdict/analysis.ts';
import { externalEntry, MatrixEndpoints, type MatrixEntry, type Stranger } from './endpoints.ts';
import type { ResultId, StateId } from './gate-states.ts';
import { GateTable } from './gate-table.ts';
import { type Located, type LocatedPods, locatePods } from './located-pods.ts';
import { PairTable } from './pair-table.ts';
import { type PairFilter, PairWalk } from './pair-walk.ts';
import { TrafficTable } from './traffic-table.ts';
import { append, type Gate, type Unit, Units } from './units.ts';

/** What two indexes have in common that are to be compared. */
export interface Shared {
  readonly traffics: TrafficTable;
  /** Where the address space is divided besides the blocks of the model's own rules. */
  readonly cuts: readonly AddressSet[];
  /** The families of external addresses besides those of pods that policy knows. */
  readonly families?: ReadonlySet<Family>;
}

/** Who is told apart by no rule, and the endpoints of a matrix made of them. */
class Grouping {
  readonly model: PolicyModel;
  readonly units: Units;
  readonly endpoints: MatrixEndpoints;
  readonly likeness: ReadonlyMap<string, number>;
  readonly strangers: readonly Stranger[];
  readonly #shared: Omit<Shared, 'traffics'>;
  readonly #pods: LocatedPods;
  readonly #ofNodes: Choices['ipblock-nodes'];

  constructor(model: PolicyModel, shared: Omit<Shared, 'traffics'>, pods: LocatedPods, choices: Choices) {
    this.#shared = shared;
    this.#pods = pods;
    this.#ofNodes = choices['ipblock-nodes'];
    this.model = model;
    this.units = new Units(model, shared.cuts, choices);
    this.endpoints = new MatrixEndpoints(model, this.units, pods);
    this.likeness = this.endpoints.likeness();
    this.strangers = this.endpoints.strangers(shared.families);
  }

  /** Of the choices with which a model is not compiled, one alone makes a difference. */
  under(choices: Choices): Grouping {
    return choices['ipblock-nodes'] === this.#ofNodes ? this : new Grouping(this.model, this.#shared, this.#pods, choices);
  }
}

/** What all gates of a cluster say to all addresses, ready to be asked for endpoints and walked. */
export class ConnectivityIndex {
  readonly gates: GateTable;
  readonly pairs: PairTable;
  /** The same with connections of which policy knows neither end. */
  readonly whole: PairTable;
  /** Whether every pod reaches its own node. */
  readonly isOwnNodeOpen: boolean;
  readonly #grouping: Grouping;
  /** What all gates say to addresses of nobody that comes of a rule. */
  readonly #said: Readonly<Record<Direction, Map<Unit, readonly Saying[]>>> = { egress: new Map(), ingress: new Map() };
  #entries: readonly MatrixEntry[] | undefined;

  private constructor(grouping: Grouping, traffics: TrafficTable, choices: Choices) {
    this.#grouping = grouping;
    this.gates = new GateTable(grouping.units, choices, traffics);
    this.isOwnNodeOpen = choices['own-node-egress'] === 'always-allow';
    this.pairs = new PairTable(this.gates, this.isOwnNodeOpen);
    this.whole = new PairTable(this.gates, this.isOwnNodeOpen, true);
  }

  /** The index of a cluster; `pods` are its own, if they are located already. */
  static of(
    { cluster, model }: Pick<Analysis, 'cluster' | 'model'>,
    { traffics, ...shared }: Shared = { traffics: new TrafficTable(), cuts: [] },
    pods: LocatedPods = locatePods(cluster, model),
  ): ConnectivityIndex {
    return new ConnectivityIndex(new Grouping(model, shared, pods, model.choices), traffics, model.choices);
  }

  /** The same cluster under other values of choices with which its model was not compiled: to be compared, so both have their traffics in common. */
  under(choices: Choices): ConnectivityIndex {
    return new ConnectivityIndex(this.#grouping.under(choices), this.gates.traffics, choices);
  }

  /** Whether the endpoints of both are the same, if both are asked alike. */
  isGroupedLike(other: ConnectivityIndex): boolean {
    return other.#grouping === this.#grouping;
  }

  /** Whether one of the blocks of rules, by their keys, holds an address of the endpoint. */
  isWithin({ uses }: MatrixEntry, blocks: ReadonlySet<string>): boolean {
    return uses.some(({ unit }) => this.#grouping.units.isWithin(unit, blocks));
  }

  /** The blocks of rules, by their keys, that hold an address of a pod. */
  blocksOfPods(): ReadonlySet<string> {
    return this.#grouping.units.blocksOfPods();
  }

  /** How many classes of pods there are. */
  get classCount(): number {
    return this.#grouping.model.classes.size;
  }

  /**
   * Workloads and bare pods by id, nodes by name, external addresses by the first of them, potential pods by id. Together in one endpoint are
   * bare pods that are alike, and external addresses that every gate treats alike; in the other index, too, if one is given. Where only the
   * gates of some classes are of interest (by their keys), only these need to treat external addresses alike.
   */
  entries(other?: ConnectivityIndex, classes?: ReadonlySet<string>): readonly MatrixEntry[] {
    if (other !== undefined || classes !== undefined) return this.#entriesFor(other, classes);
    this.#entries ??= this.#entriesFor(other, classes);
    return this.#entries;
  }

  #entriesFor(other: ConnectivityIndex | undefined, classes: ReadonlySet<string> | undefined): MatrixEntry[] {
    const pods = Object.groupBy(this.#grouping.endpoints.pods(this.#likenessWith(other)), ({ isPotential }) =>
      isPotential ? 'potential' : 'real',
    );
    const elsewhere = other?.treatments(classes) ?? new Map<string, string>();
    const own = this.treatments(classes);
    const groups = Map.groupBy(this.#grouping.strangers, (each) => `${own.get(placeOf(each))} | ${elsewhere.get(placeOf(each)) ?? 'none'}`);
    return [
      ...(pods.real ?? []),
      ...this.#grouping.endpoints.nodes(),
      ...[...groups.values()].map(externalEntry),
      ...(pods.potential ?? []),
    ];
  }

  /** The same with the addresses of nodes apart. */
  everybody(): MatrixEntry[] {
    const others = this.entries().filter(({ located, addresses }) => located.length > 0 || addresses !== undefined);
    return [...others, ...this.#grouping.endpoints.nodeAddresses()];
  }

  /** How gates treat external addresses, by the places of their ranges: all gates, or those of some classes. Equal texts are equal treatment. */
  treatments(classes?: ReadonlySet<string>): Map<string, string> {
    const treatmentOf = this.#treatmentBy(classes && this.#gatesOf(classes));
    const known = new Map<Unit, string>();
    return new Map(this.#grouping.strangers.map((each) => [placeOf(each), getOrMake(known, each.unit, treatmentOf)]));
  }

  /** The gates of classes of pods that tell external addresses apart. */
  #gatesOf(keys: ReadonlySet<string>): Readonly<Record<Direction, ReadonlySet<Gate>>> {
    const profiles = [...keys].flatMap((key) => {
      const podClass = this.#grouping.model.classes.get(key);
      return podClass === undefined ? [] : [this.#grouping.units.profileOf(podClass)];
    });
    const telling = (direction: Direction): ReadonlySet<Gate> =>
      new Set(profiles.flatMap(({ gates }) => (gates[direction].rules.some(hasBlock) ? [gates[direction]] : [])));
    return { egress: telling('egress'), ingress: telling('ingress') };
  }

  /** How all gates treat a unit, or some: then what each of them says is gone through, or, where they are many, all that is said to the unit. */
  #treatmentBy(gates?: Readonly<Record<Direction, ReadonlySet<Gate>>>): (unit: Unit) => string {
    if (gates === undefined) return (unit) => directions.map((way) => textOf(this.#saidTo(unit, way))).join(' ');
    if (gates.egress.size + gates.ingress.size > fewGates)
      return (unit) => directions.map((way) => textOf(this.#saidTo(unit, way).filter(({ gate }) => gates[way].has(gate)))).join(' ');
    const said = directions.map((way) => this.#saidBy(way, gates[way]));
    return (unit) => said.map((byUnit) => textOf(byUnit.get(unit.id) ?? [])).join(' ');
  }

  /** What some gates say besides what they say to everybody, by the numbers of the units that they say it to. */
  #saidBy(direction: Direction, gates: ReadonlySet<Gate>): Map<number, Saying[]> {
    const said = new Map<number, Saying[]>();
    for (const gate of gates) {
      const row = this.gates.row(direction, gate);
      for (const id of row.ids) {
        const saying = this.#sayingOf(direction, gate, row.get(id)!);
        if (saying !== undefined) append(said, id, saying);
      }
    }
    return said;
  }

  /** Undefined for what the gate says to everybody. */
  #sayingOf(direction: Direction, gate: Gate, state: StateId): Saying | undefined {
    const { states } = this.gates;
    const result = states.resultOf(state, gate.isIsolated, false);
    return result === states.resultOf(this.gates.baseOf(direction, gate.id), gate.isIsolated, false) ? undefined : { gate, result };
  }

  /** The entry in several: together those of its pods that no rule tells apart and that have the same key. An entry without pods stays whole. */
  split(entry: MatrixEntry, keyOf: (pod: Located) => string): Map<string, MatrixEntry> {
    if (entry.located.length === 0) return new Map([['', entry]]);
    return this.#grouping.endpoints.parts(entry, (located) => `${this.#grouping.endpoints.unitsText(located)} | ${keyOf(located)}`);
  }

  /** The entry's pods in several entries: together those that no rule tells apart in either index. By what both see of them. */
  parts(entry: MatrixEntry, otherIndex: ConnectivityIndex, other: MatrixEntry): Map<string, MatrixEntry> {
    const elsewhere = new Map(other.located.map((located) => [located.id, otherIndex.#grouping.endpoints.unitsText(located)]));
    return this.#grouping.endpoints.parts(
      entry,
      (located) => `${this.#grouping.endpoints.unitsText(located)} | ${elsewhere.get(located.id) ?? 'none'}`,
    );
  }

  #likenessWith(other: ConnectivityIndex | undefined): ReadonlyMap<string, number> {
    if (other === undefined || this.isGroupedLike(other)) return this.#grouping.likeness;
    return new Map(
      Array.from(this.#grouping.likeness, ([id, number]) => [id, number * mostLikenesses + 1 + (other.#grouping.likeness.get(id) ?? -1)]),
    );
  }

  /** Walks the pairs of the entries that the filter wants. */
  walk(entries: readonly MatrixEntry[], filter: PairFilter): PairWalk {
    return new PairWalk(entries, this.#grouping.units, this.gates, this.pairs, filter);
  }

  /** What all gates say to addresses of nobody, as far as they have a rule for them. */
  #saidTo(unit: Unit, direction: Direction): readonly Saying[] {
    return getOrMake(this.#said[direction], unit, () => {
      const column = this.gates.column(direction, unit);
      const said: Saying[] = [];
      for (const id of column.ids.sort((a, b) => a - b)) {
        const saying = this.#sayingOf(direction, this.#grouping.units.gates[direction][id]!, column.get(id)!);
        if (saying !== undefined) said.push(saying);
      }
      return said;
    });
  }
}

const hasBlock = ({ peers = [] }: CompiledRule): boolean => peers.some(({ kind }) => kind === 'addresses');

/** What a gate says to somebody besides what it says to everybody. */
interface Saying {
  readonly gate: Gate;
  readonly result: ResultId;
}

/** Equal texts are equal treatment. */
const textOf = (said: readonly Saying[]): string => said.map(({ gate, result }) => `${gate.id}:${result}`).join();

/** What so many gates say is gone through sooner than all rules that hold a unit. */
const fewGates = 32;

/** More kinds of bare pods than any cluster has; two numbers make one. */
const mostLikenesses = 2 ** 26;

/** Names the range of a stranger: the same in two indexes that divide the address space alike. */
const placeOf = ({ family, range }: Stranger): string => `${family}:${range[0]}`;
