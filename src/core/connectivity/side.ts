import type { Cluster } from '../cluster/cluster.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import type { Answers, ConnectionAnswer } from './answers.ts';
import type { ConnectivityIndex } from './connectivity-index.ts';
import type { MatrixEntry } from './endpoints.ts';
import type { OutcomeId, PairOutcome } from './pair-table.ts';
import type { Cell, PairWalk, Row } from './pair-walk.ts';
import type { Place } from './witness.ts';

/** One of two clusters that are to be compared; both indexes share their table of traffics and divide the address space alike. */
export interface Compared {
  readonly cluster: Cluster;
  readonly model: PolicyModel;
  readonly index: ConnectivityIndex;
}

/** One of them with its endpoints. */
export interface Side extends Compared {
  readonly entries: readonly MatrixEntry[];
  readonly byId: ReadonlyMap<string, MatrixEntry>;
  readonly places: ReadonlyMap<string, number>;
  readonly walk: PairWalk;
  readonly answers: Answers;
}

/** One pair in one of the clusters. */
export interface Found {
  readonly side: Side;
  readonly from: MatrixEntry;
  readonly to: MatrixEntry;
  readonly row: Row;
  readonly outcome: OutcomeId;
}

/** A source with its row in one of the clusters. */
export interface RowFrom {
  readonly from: MatrixEntry;
  readonly row: Row;
}

export const noCells: readonly Cell[] = [];

/** The row of a source; undefined where the source is not there. */
export function rowOf(side: Side, source: string): RowFrom | undefined {
  const place = side.places.get(source);
  return place === undefined ? undefined : { from: side.entries[place]!, row: side.walk.row(place) };
}

export const foundAt = (side: Side, { from, row }: RowFrom, [place, outcome]: Cell): Found => ({
  side,
  from,
  to: side.entries[place]!,
  row,
  outcome,
});

export const outcomeIn = ({ index }: Side, [, outcome]: Cell): PairOutcome => index.pairs.outcomes[outcome]!;
export const outcomeOf = ({ side, outcome }: Found): PairOutcome => side.index.pairs.outcomes[outcome]!;

export const connectionOf = ({ side, from, to, row, outcome }: Found): ConnectionAnswer =>
  side.answers.connection(row.look(), from, to, outcome);

export function placeOf({ model, byId }: Side, from: string, to: string): Place | undefined {
  const [source, destination] = [byId.get(from), byId.get(to)];
  return source && destination && { model, from: source, to: destination };
}
