import type { Direction } from '../api/types.ts';
import { Ascending } from './ascending.ts';
import type { MatrixEntry } from './endpoints.ts';
import type { GateTable } from './gate-table.ts';
import { noPair, type OutcomeId, type Outlooks, type PairTable } from './pair-table.ts';
import { nothing, type TrafficId } from './traffic-table.ts';
import { append, type Gate, type Unit, type Units } from './units.ts';

/** What pairs are wanted. */
export interface PairFilter {
  readonly isShown: (entry: MatrixEntry) => boolean;
  /** Which end is to be shown; either when undefined. */
  readonly direction: Direction | undefined;
  /** Pairs that may do nothing are wanted, too. */
  readonly denied: boolean;
  /** Pairs of pods that do not exist are wanted, too. */
  readonly isAmongPotential?: boolean;
  /** Pairs are wanted, too, of which some members may do something because one runs on the other. */
  readonly isPartial?: boolean;
  /**
   * How pods and the nodes they run on are treated, unless the exception for them is made as for any connection. `policed`: like other
   * nodes, by what policy says of them, without the exception. `aside`: with it, but what only pods on the node may do is not counted.
   */
  readonly ownNode?: 'policed' | 'aside';
  /** Whether a pair may do something that is asked for: all its members, or some. */
  readonly isWanted: (traffic: TrafficId) => boolean;
}

/** A destination, by its place among the entries, with the outcome. */
export type Cell = readonly [place: number, outcome: OutcomeId];

/** One source with its destinations. */
export interface Row {
  readonly cells: readonly Cell[];
  /** What the source meets, worked out when it is asked for. */
  readonly look: () => Outlooks;
}

/** The wanted destinations of a source that are alike, and what holds between it and each of them. */
export interface Reached {
  /** Equal for destinations alike; absent for one that is looked at by itself: the source, or one that has to do with its node. */
  readonly kind?: Kind;
  readonly places: readonly number[];
  readonly outcome: OutcomeId;
}

/** Endpoints that are alike to every rule, and to the filter. */
export interface Kind {
  readonly id: number;
  /** The places of its entries, and of those that are shown. */
  readonly places: number[];
  readonly shown: number[];
  /** What its entries get as sources, by kinds of destinations: kept for the next of them. */
  row?: readonly Cell[];
  /** What its entries get as sources that are not shown, by kinds of destinations, and by places: the same array for all of them. */
  glance?: readonly Cell[];
  shared?: readonly Cell[];
}

/** So many kinds of destinations are asked about one by one. */
const fewKinds = 16;

/** Between how many kinds of endpoints outcomes are kept: some 64 MiB. */
const keptCells = 2 ** 21;

/**
 * Walks the pairs of entries that may do something, or all. A source is tried only with destinations that its gate and theirs can
 * let it reach; sources that are alike share their row, and in a row destinations that are alike share their outcome.
 */
export class PairWalk {
  readonly #entries: readonly MatrixEntry[];
  readonly #gates: GateTable;
  readonly #pairs: PairTable;
  readonly #filter: PairFilter;
  readonly #isShown: readonly boolean[];
  readonly #kinds: Kind[] = [];
  readonly #kindOf: readonly Kind[];
  readonly #shownKinds: readonly Kind[];
  readonly #kindsWith = new Map<Unit, Kind[]>();
  /** The kinds that a source may reach whatever it is: somebody there is no pod, or has a gate that lets some of everybody in. */
  readonly #open = new Set<Kind>();
  /** For each ingress gate the kinds that have it. */
  readonly #behind = new Map<number, Kind[]>();
  readonly #residents: { [key in Whose]?: Residents } = {};
  readonly #units: readonly Unit[];
  readonly #ascending: Ascending<OutcomeId>;
  #kept = 0;

  constructor(entries: readonly MatrixEntry[], { units }: Units, gates: GateTable, pairs: PairTable, filter: PairFilter) {
    this.#entries = entries;
    this.#gates = gates;
    this.#pairs = pairs;
    this.#filter = filter;
    this.#units = units;
    this.#isShown = entries.map(filter.isShown);
    this.#ascending = new Ascending(entries.length);
    const known = new Map<string, Kind>();
    this.#kindOf = entries.map((entry, place) => {
      // What is asked of the first of a kind holds for all of them.
      const key = `${entry.likeness} ${entry.isPotential} ${entry.located.length > 0}`;
      let kind = known.get(key);
      if (kind === undefined) {
        kind = { id: known.size, places: [], shown: [] };
        known.set(key, kind);
        this.#introduce(kind, entry);
      }
      kind.places.push(place);
      if (this.#isShown[place]) kind.shown.push(place);
      return kind;
    });
    this.#shownKinds = this.#kinds.filter(({ shown }) => shown.length > 0);
  }

  #introduce(kind: Kind, { uses }: MatrixEntry): void {
    this.#kinds.push(kind);
    for (const { unit } of uses) {
      append(this.#kindsWith, unit, kind);
      const gate = unit.profile?.gates.ingress;
      if (gate === undefined || this.#letsThrough('ingress', gate)) this.#open.add(kind);
      if (gate !== undefined) append(this.#behind, gate.id, kind);
    }
  }

  /** Whether the entry at the place is shown. */
  isShown(place: number): boolean {
    return this.#isShown[place]!;
  }

  /**
   * The wanted destinations of the source at a place, ascending, and what the source meets. Sources that are not shown have one array of cells
   * if they are alike and no neighbour is shown.
   */
  row(place: number): Row {
    const look = this.#lookFrom(place);
    return { cells: this.#sharesCells(place) ? this.#sharedCellsOf(place, look) : this.#cellsOf(place, look), look };
  }

  /** The kind of the entry at the place. */
  kindAt(place: number): Kind {
    return this.#kindOf[place]!;
  }

  /** The wanted destinations of the source at a place, those that are alike together, and what the source meets. */
  reach(place: number): { readonly reached: readonly Reached[]; readonly look: () => Outlooks } {
    const look = this.#lookFrom(place);
    return { reached: this.#reached(place, look), look };
  }

  #sharesCells(place: number): boolean {
    return !this.#isShown[place] && !this.#neighboursOf(place).some((other) => this.#isShown[other]);
  }

  #sharedCellsOf(place: number, look: Row['look']): readonly Cell[] {
    return this.#keep(this.#kindOf[place]!, 'shared', () => this.#cellsOf(place, look));
  }

  /** The cells of a kind, made when they are first asked for: for the next of its entries, if there is one. */
  #keep(kind: Kind, which: 'row' | 'glance' | 'shared', make: () => readonly Cell[]): readonly Cell[] {
    const known = kind[which];
    if (known !== undefined) return known;
    const cells = make();
    if (kind.places.length > 1 && this.#kept < keptCells) {
      this.#kept += cells.length;
      kind[which] = cells;
    }
    return cells;
  }

  #lookFrom(place: number): Row['look'] {
    let outlooks: Outlooks | undefined;
    return () => {
      const entry = this.#entries[place]!;
      outlooks ??= this.#isGlance(place) ? this.#pairs.glancesOf(entry, this.#shownKinds.length > fewKinds) : this.#pairs.outlooksOf(entry);
      return outlooks;
    };
  }

  #cellsOf(place: number, look: Row['look']): Cell[] {
    return this.#ascending.of(this.#reached(place, look), ({ outcome }) => outcome);
  }

  #reached(place: number, look: Row['look']): readonly Reached[] {
    const { direction } = this.#filter;
    const isSourceShown = this.#isShown[place]!;
    if (direction === 'egress' && !isSourceShown) return [];
    const isEachShown = direction !== 'ingress' && isSourceShown;
    const neighbours = this.#neighboursOf(place);
    const reached = this.#reachedKinds(place, look, isEachShown ? 'places' : 'shown', neighbours);
    for (const other of neighbours) {
      if (!isEachShown && !this.#isShown[other]) continue;
      const outcome = this.#outcomeOfNeighbours(look(), this.#entries[place]!, this.#entries[other]!);
      if (this.#isWanted(outcome, place, other, true)) reached.push({ places: [other], outcome });
    }
    return reached;
  }

  #outcomeOfNeighbours(look: Outlooks, from: MatrixEntry, to: MatrixEntry): OutcomeId {
    return this.#filter.ownNode === 'aside' ? this.#pairs.besideOwnNode(look, from, to) : this.#pairs.betweenNeighbours(look, from, to);
  }

  /** All but the neighbours. */
  #reachedKinds(place: number, look: Row['look'], which: 'places' | 'shown', neighbours: readonly number[]): Reached[] {
    const reached: Reached[] = [];
    const apart = new Set(neighbours.map((other) => this.#kindOf[other]!));
    for (const [id, outcome] of this.#rowOf(place, look)) {
      const kind = this.#kinds[id]!;
      const all = kind[which];
      const places = apart.has(kind) ? all.filter((other) => !neighbours.includes(other)) : all;
      if (places.length > 0 && this.#isWanted(outcome, place, places[0]!, false)) reached.push({ kind, places, outcome });
    }
    return reached;
  }

  /** Every node reaches those members that run on it: of it and their workload only what all members may do is of interest. */
  #isWanted(outcome: OutcomeId, from: number, to: number, areNeighbours: boolean): boolean {
    if (outcome === noPair) return false;
    // Pods that could exist are of interest to those that do.
    if (!this.#filter.isAmongPotential && areHypothetical(this.#entries[from]!, this.#entries[to]!)) return false;
    const { denied, isPartial, isWanted } = this.#filter;
    const { every, some } = this.#pairs.outcomes[outcome]!;
    if (denied || isWanted(every)) return true;
    return isWanted(some) && (isPartial || !areNeighbours || [from, to].every((place) => !this.#isExempt(this.#entries[place]!)));
  }

  #isExempt({ uses }: MatrixEntry): boolean {
    return this.#filter.ownNode === undefined && uses.every(({ isAllAt }) => isAllAt);
  }

  /** Whether of a source only those few destinations are asked for that are shown. */
  #isGlance(place: number): boolean {
    return !this.#isShown[place] && this.#shownKinds.length * 4 < this.#kinds.length;
  }

  /** The outcomes of a source with the kinds of endpoints that are asked for: those that are shown, or those that it may reach. */
  #rowOf(place: number, look: Row['look']): readonly Cell[] {
    const isGlance = this.#isGlance(place);
    return this.#keep(this.#kindOf[place]!, isGlance ? 'glance' : 'row', () => {
      const from = this.#entries[place]!;
      const cells: Cell[] = [];
      for (const kind of isGlance ? this.#shownKinds : this.#candidatesOf(look)) {
        const outcome = this.#pairs.between(look(), from, this.#entries[kind.places[0]!]!);
        if (outcome !== noPair) cells.push([kind.id, outcome]);
      }
      return cells;
    });
  }

  /** The kinds of endpoints that some address of the source may reach with something. */
  #candidatesOf(look: Row['look']): Iterable<Kind> {
    if (this.#filter.denied) return this.#kinds;
    const found = new Set<Kind>();
    const add = (kinds: Iterable<Kind> = []): void => {
      for (const kind of kinds) found.add(kind);
    };
    for (const { unit, spoken } of look().values()) {
      const gate = unit.profile?.gates.egress;
      if (gate === undefined || this.#letsThrough('egress', gate)) {
        add(this.#open);
        for (const id of spoken.gates) add(this.#behind.get(id));
        // Its own gate lets it reach only what rules speak of.
      } else for (const id of spoken.units) add(this.#kindsWith.get(this.#units[id]!));
    }
    return found;
  }

  /** Whether a gate lets something through to or from those that its rules do not speak of. */
  #letsThrough(direction: Direction, { id, isIsolated }: Gate): boolean {
    const { states } = this.#gates;
    return states.results[states.resultOf(this.#gates.baseOf(direction, id), isIsolated, false)]!.traffic !== nothing;
  }

  /**
   * The entry itself, and those with which it has to do through the exception for a pod's own node; of an entry that is not shown only those
   * that are.
   */
  #neighboursOf(place: number): readonly number[] {
    if (this.#filter.ownNode === 'policed') return [place];
    const isShown = this.#isShown[place]!;
    const entry = this.#entries[place]!;
    const found: number[] = [];
    // Few have the address of a node, so that it is seldom asked who runs where.
    for (const node of entry.at) found.push(...(this.#residentsOf(isShown ? 'on' : 'shown on').get(node) ?? []));
    const hosts = this.#residentsOf(isShown ? 'at' : 'shown at');
    if (hosts.size > 0) for (const node of entry.on) found.push(...(hosts.get(node) ?? []));
    return found.length === 0 ? [place] : [...new Set([place, ...found])];
  }

  #residentsOf(whose: Whose): Residents {
    this.#residents[whose] ??= this.#findResidents(whose);
    return this.#residents[whose];
  }

  #findResidents(whose: Whose): Residents {
    const found = new Map<string, number[]>();
    const isAt = whose === 'at' || whose === 'shown at';
    const ofAll = whose === 'at' || whose === 'on';
    for (const [place, entry] of this.#entries.entries()) {
      if (ofAll || this.#isShown[place]!) for (const node of isAt ? entry.at : entry.on) append(found, node, place);
    }
    return found;
  }
}

/** Who has an address of a node, or policed pods on it: of all entries, or of those that are shown. */
type Whose = 'at' | 'on' | 'shown at' | 'shown on';

/** The places of entries by the names of the nodes that they have to do with. */
type Residents = ReadonlyMap<string, number[]>;

/** Whether one does not exist, and the other is no pod that does. */
const areHypothetical = (a: MatrixEntry, b: MatrixEntry): boolean =>
  (a.isPotential || b.isPotential) && [a, b].every(({ isPotential, located }) => isPotential || located.length === 0);
