import { type Direction, directions, qualifiedName } from '../api/types.ts';
import type { Dependence } from '../connectivity/dependence.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import type { ExposedTo, ExposureAnswer } from '../connectivity/exposure.ts';
import { isNothing, mark, markedText, trafficRank } from './blocks.ts';
import { Crowd } from './crowd.ts';
import { dependenceNotes, markLegend } from './dependence.ts';
import type { Breakdown } from './matrix-view.ts';
import { outsideNames } from './outside.ts';
import { count } from './text.ts';
import { shortList } from './thing-class.ts';

/** What the writers of exposure for readers are given. */
export interface ExposureView {
  readonly exposure: readonly ExposureAnswer[];
  /** All endpoints, whatever is shown. */
  readonly everyone: readonly MatrixEndpoint[];
  /** Only this way; both when undefined. */
  readonly direction: Direction | undefined;
  /** Whether it is said to what there is no exposure. */
  readonly denied: boolean;
  /** What depends on the network plugin. */
  readonly choices: readonly Dependence[];
  /** By namespace few names and no policies are listed; undefined: as long as all can be read. */
  readonly by: Breakdown | undefined;
}

/** Somebody outside, and which workloads have to do with them. */
export interface ExposureBlock {
  readonly others: readonly string[];
  readonly rows: readonly ExposureRow[];
}

/** Workloads that may be reached, or may reach, alike and for the same reason. */
export interface ExposureRow {
  readonly traffic: string;
  readonly workloads: readonly string[];
  readonly because: string;
}

/** One direction for readers. */
export interface ExposureTable {
  readonly direction: Direction;
  readonly blocks: readonly ExposureBlock[];
  /** How many kinds of others there are beside those in the blocks. */
  readonly left: number;
}

/** Where tables would have more rows, they say less about each. */
const mostRows = 100;
/** What a table which says less lists: names before the others are only counted, and blocks. */
const mostNames = 6;
const mostBlocks = 40;

const kinds = ['the internet', 'every namespace', 'addresses', 'pods'] as const;

/** Somebody outside has something to do with a workload. */
interface Flow {
  readonly kind: (typeof kinds)[number];
  readonly other: string;
  readonly endpoint: string;
  readonly traffic: string;
  readonly answer: ExposedTo;
}

/** Exposure as tables, with ingress first: what comes from outside is what most ask about. */
export function exposureTables(view: ExposureView): ExposureTable[] {
  const shown = directions.toReversed().filter((direction) => view.direction === undefined || direction === view.direction);
  const crowd = new Crowd(view.everyone);
  const flows = new Map(shown.map((direction) => [direction, flowsOf(view, crowd, direction)]));
  const namesOf = workloadNames(view, crowd);
  const full = Array.from(flows, ([direction, each]): ExposureTable => ({ direction, blocks: fullBlocks(each, namesOf), left: 0 }));
  const rows = full.reduce((sum, { blocks }) => sum + blocks.reduce((all, block) => all + block.rows.length, 0), 0);
  if (view.by === 'workload' || (view.by === undefined && rows <= mostRows)) return full;
  return Array.from(flows, ([direction, each]) => {
    const blocks = briefBlocks(each, namesOf);
    return { direction, blocks: blocks.slice(0, mostBlocks), left: Math.max(0, blocks.length - mostBlocks) };
  });
}

/** Names sets of workloads in few words. */
type Names = (ids: ReadonlySet<string>) => readonly string[];

function workloadNames({ exposure }: ExposureView, crowd: Crowd): Names {
  return (ids) => (ids.size === exposure.length && ids.size > 1 ? ['every workload'] : crowd.namesOf(ids));
}

/** By kind, then in the order of the endpoints, pods by id. */
function flowsOf({ exposure, everyone, denied }: ExposureView, crowd: Crowd, direction: Direction): Flow[] {
  const outside = outsideNames(everyone.filter(({ kind }) => kind === 'External'));
  const ranks = new Map([...outside.values()].map((name, rank) => [name, rank]));
  const flows = exposure.flatMap(({ endpoint, [direction]: exposed }): Flow[] => {
    const flow = (kind: Flow['kind'], other: string, answer: ExposedTo): Flow => ({
      kind,
      other,
      endpoint,
      answer,
      traffic: markedText(answer, crowd.membersOf(endpoint)),
    });
    return [
      flow('the internet', 'the internet', exposed.internet),
      flow('every namespace', 'every namespace', exposed.anyPod),
      ...exposed.addresses.map(({ id, ...answer }) => flow('addresses', outside.get(id) ?? id, answer)),
      ...exposed.pods.map(({ id, ...answer }) => flow('pods', id, answer)),
    ];
  });
  const order = (a: Flow, b: Flow): number =>
    kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
    (ranks.get(a.other) ?? 0) - (ranks.get(b.other) ?? 0) ||
    compareTexts(a.other, b.other);
  return flows.filter(({ traffic }) => denied || !isNothing(traffic)).sort(order);
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A block for each of the others; those of which the same is to be said share it. */
function fullBlocks(flows: readonly Flow[], namesOf: Names): ExposureBlock[] {
  return blocksBy(
    flows,
    namesOf,
    ({ other }) => other,
    ({ traffic, answer }) => `${traffic} ${reasonOf([answer])}`,
  );
}

/** All addresses that may the same are one block, and so are all pods; long lists are cut short. */
function briefBlocks(flows: readonly Flow[], namesOf: Names): ExposureBlock[] {
  return blocksBy(
    flows,
    (ids) => shortList(namesOf(ids), mostNames),
    ({ kind, traffic }) => (kind === 'addresses' || kind === 'pods' ? `${kind} ${traffic}` : kind),
    ({ traffic, answer }) => `${traffic} ${policiesOf([answer]).length > 0}`,
  ).map(({ others, rows }) => ({ others: shortList(others, mostNames), rows }));
}

type KeyOf = (flow: Flow) => string;

function blocksBy(flows: readonly Flow[], namesOf: Names, blockOf: KeyOf, rowOf: KeyOf): ExposureBlock[] {
  const blocks = Array.from(Map.groupBy(flows, blockOf).values(), (own) => ({
    others: [...new Set(own.map(({ other }) => other))],
    rows: Array.from(Map.groupBy(own, rowOf).values(), (alike) => rowFor(alike, namesOf)).sort(byTraffic),
  }));
  return Array.from(Map.groupBy(blocks, ({ rows }) => JSON.stringify(rows)).values(), (alike) => ({
    others: alike.flatMap(({ others }) => others),
    rows: alike[0]!.rows,
  }));
}

const rowFor = (alike: readonly Flow[], namesOf: Names): ExposureRow => ({
  traffic: alike[0]!.traffic,
  workloads: namesOf(new Set(alike.map(({ endpoint }) => endpoint))),
  because: reasonOf(alike.map(({ answer }) => answer)),
});

const byTraffic = (a: ExposureRow, b: ExposureRow): number => trafficRank(a.traffic) - trafficRank(b.traffic);

/** The policies of both gates, each once. */
const policiesOf = (answers: readonly ExposedTo[]): string[] => [
  ...new Set(answers.flatMap(({ by }) => [...by.egress, ...by.ingress].map(qualifiedName))),
];

/** Policies that are named before the others are only counted. */
const mostPolicies = 4;

/** Why answers that are alike are what they are. */
function reasonOf(answers: readonly ExposedTo[]): string {
  const policies = policiesOf(answers);
  const [{ traffic, partial, reason }] = answers as readonly [ExposedTo];
  if (policies.length === 0) {
    const isSeen = reason.egress !== 'unpoliced-endpoint' || reason.ingress !== 'unpoliced-endpoint';
    return isSeen ? 'nothing isolates it' : 'policy does not see it';
  }
  const isAllowed = (partial ?? traffic).length > 0;
  const isOrdered = reason.egress === 'tier' || reason.ingress === 'tier';
  const verb = isOrdered ? (isAllowed ? 'decided by' : 'denied by') : isAllowed ? 'allowed by' : 'isolated by';
  return `${verb} ${policies.length <= mostPolicies ? policies.join(', ') : count(policies.length, 'policy', 'policies')}`;
}

/** How many there are: `5 workloads; open to the internet: 2, to every namespace: 1`. */
function exposureTotal({ exposure, direction }: ExposureView): string {
  const exposed = (way: Direction, what: 'internet' | 'anyPod'): number =>
    exposure.filter(({ [way]: each }) => isReached(each[what])).length;
  const ingress = `open to the internet: ${exposed('ingress', 'internet')}, to every namespace: ${exposed('ingress', 'anyPod')}`;
  const egress = `free to reach the internet: ${exposed('egress', 'internet')}, every namespace: ${exposed('egress', 'anyPod')}`;
  const ways = [...(direction === 'egress' ? [] : [ingress]), ...(direction === 'ingress' ? [] : [egress])];
  return [count(exposure.length, 'workload'), ...ways].join('; ');
}

const isReached = ({ traffic, partial }: ExposedTo): boolean => (partial ?? traffic).length > 0;

/** What the words of the tables mean. */
const exposureLegend =
  'the internet: every address that is not set apart for private or special use; every namespace: a pod there that no selector singles out; ' +
  'shop/{app=web}: a pod that does not exist, but that some rule would select';

/** What is to be said below the tables, a sentence or two each. */
export function exposureNotes(view: ExposureView, tables: readonly ExposureTable[]): string[] {
  const isMarked = tables.some(({ blocks }) => blocks.some(({ rows }) => rows.some(({ traffic }) => traffic.endsWith(mark))));
  return [
    exposureTotal(view),
    exposureLegend,
    ...(isMarked ? [markLegend, ...dependenceNotes(view.choices).map((note) => `note: ${note}`)] : []),
  ];
}
