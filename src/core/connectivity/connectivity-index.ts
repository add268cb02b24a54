import { directions } from '../api/types.ts';
import type { AddressSet } from '../net/address-set.ts';
import { families } from '../net/ip.ts';
import type { Analysis } from '../verdict/analysis.ts';
import { externalEntry, MatrixEndpoints, type MatrixEntry, type Stranger } from './endpoints.ts';
import { GateTable } from './gate-table.ts';
import { PairTable } from './pair-table.ts';
import { type PairFilter, PairWalk } from './pair-walk.ts';
import { TrafficTable } from './traffic-table.ts';
import { append, type Unit, Units } from './units.ts';

/** What two indexes have in common that are to be compared. */
export interface Shared {
  readonly traffics: TrafficTable;
  /** Where the address space is divided besides the blocks of the model's own rules. */
  readonly cuts: readonly AddressSet[];
}

/** The endpoints of a cluster and what all gates say to all of them, ready to be walked. */
export class ConnectivityIndex {
  readonly gates: GateTable;
  readonly pairs: PairTable;
  /** Workloads and bare pods by id, then nodes by name. */
  readonly inside: readonly MatrixEntry[];
  /** Addresses that nobody has, of the families that pods have, by family and first address. */
  readonly strangers: readonly Stranger[];
  readonly #units: Units;

  constructor(
    { cluster, model }: Pick<Analysis, 'cluster' | 'model'>,
    { traffics, cuts }: Shared = { traffics: new TrafficTable(), cuts: [] },
  ) {
    this.#units = new Units(model, cuts);
    const makers = new MatrixEndpoints(cluster, model, this.#units);
    this.inside = [...makers.pods(), ...makers.nodes()];
    const used = new Set(
      this.inside.flatMap(({ uses }) => uses.flatMap(({ unit, family }) => (unit.profile === undefined ? [] : [family]))),
    );
    this.strangers = makers.strangers(families.filter((family) => used.has(family)));
    this.gates = new GateTable(this.#units, model.choices, traffics);
    this.pairs = new PairTable(this.gates, model.choices['own-node-egress'] === 'always-allow');
  }

  /** The strangers as endpoints: together those that every gate treats alike, in the order of the first of them. */
  externals(): MatrixEntry[] {
    return groupAlike(this.strangers, ({ unit }) => this.treatmentOf(unit)).map(externalEntry);
  }

  /** Walks the pairs of the entries that the filter wants. */
  walk(entries: readonly MatrixEntry[], filter: PairFilter): PairWalk {
    return new PairWalk(entries, this.#units, this.gates, this.pairs, filter);
  }

  readonly #treatments = new Map<Unit, string>();

  /** What all gates say to addresses of nobody, as far as they have a rule for them; equal texts are equal treatment. */
  treatmentOf(unit: Unit): string {
    let treatment = this.#treatments.get(unit);
    if (treatment === undefined) {
      treatment = directions.map((direction) => this.#saidTo(unit, direction)).join(' ');
      this.#treatments.set(unit, treatment);
    }
    return treatment;
  }

  #saidTo(unit: Unit, direction: 'ingress' | 'egress'): string {
    const { gates } = this;
    const said: string[] = [];
    const column = gates.column(direction, unit);
    for (const id of column.ids.sort((a, b) => a - b)) {
      const { isIsolated } = this.#units.gates[direction][id]!;
      const result = gates.states.resultOf(column.get(id)!, isIsolated, false);
      if (result !== gates.states.resultOf(gates.baseOf(direction, id), isIsolated, false)) said.push(`${id}:${result}`);
    }
    return said.join();
  }
}

/** Strangers with equal keys together, in the order of the first of each group. */
export function groupAlike(strangers: readonly Stranger[], keyOf: (stranger: Stranger, index: number) => string): Stranger[][] {
  const groups = new Map<string, Stranger[]>();
  for (const [index, stranger] of strangers.entries()) append(groups, keyOf(stranger, index), stranger);
  return [...groups.values()];
}
