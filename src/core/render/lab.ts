import type { EndpointIdentity } from '../verdict/endpoint.ts';
import { portText } from './check.ts';
import { Crowd } from './crowd.ts';
import { shortName } from './flows.ts';
import type { Paint, Style } from './palette.ts';
import { type Cell, type Column, renderTable } from './table.ts';
import { count, wrap } from './text.ts';

/** One flow that was tried with packets: an object of `lab run -o json`. Source: design.md section 7. */
export interface TriedFlow {
  readonly from: EndpointIdentity;
  readonly to: EndpointIdentity;
  readonly protocol: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly verdict: 'allow' | 'deny';
  readonly observed: 'allow' | 'deny' | 'error' | 'skipped';
  readonly detail?: string;
  readonly match: boolean;
}

const flowColumns: readonly Column[] = [
  { title: 'FROM' },
  { title: 'TO' },
  { title: 'PORT', isFixed: true },
  { title: 'VERDICT', isFixed: true },
  { title: 'PACKETS', isFixed: true },
  { title: '' },
];

/** Flows with what the verdict says and what packets did, a line each, in their order. */
export function* renderTriedFlows(flows: readonly TriedFlow[], style: Style): Iterable<string> {
  if (flows.length > 0)
    yield* renderTable(
      flowColumns,
      flows.map((flow) => flowRow(flow, style)),
      style,
    );
}

function flowRow(flow: TriedFlow, { palette }: Style): Cell[] {
  const { from, to, family, verdict, observed, detail, match } = flow;
  const paint = paintOf(observed, palette);
  return [
    shortName(from),
    shortName(to),
    `${portText(flow)}${family === 6 ? ' v6' : ''}`,
    verdict,
    { text: observed, paint: match ? paint : (text) => palette.strong(paint(text)) },
    { text: [match ? '' : 'MISMATCH', detail ?? ''].filter((text) => text !== '').join(': '), paint: match ? palette.faint : palette.deny },
  ];
}

const paintOf = (observed: TriedFlow['observed'], { allow, deny, warning }: Style['palette']): Paint =>
  ({ allow, deny, error: warning, skipped: warning })[observed];

const crowdColumns: readonly Column[] = [
  { title: 'TO' },
  { title: 'PORT', isFixed: true },
  { title: 'PACKETS', isFixed: true },
  { title: 'FROM' },
];

/**
 * Many flows as a table by destination and port: who got in and who did not. Flows that did not do what the verdict says, and those
 * that were skipped, come after it, one by one.
 */
export function* renderTriedCrowd(
  flows: readonly TriedFlow[],
  style: Style,
  isChanged: (flow: TriedFlow) => boolean = () => false,
): Iterable<string> {
  const clear = flows.filter(({ match, observed }) => match && observed !== 'skipped');
  const crowd = crowdOf(flows);
  const byTarget = Map.groupBy(clear, targetKey);
  const rows = [...byTarget.values()].flatMap((tried) => targetRows(tried, crowd, style, isChanged));
  if (rows.length > 0) yield* renderTable(crowdColumns, rows, style);
  const others = flows.filter(({ match, observed }) => !match || observed === 'skipped');
  if (others.length === 0) return;
  yield '';
  yield* renderTriedFlows(others, style);
}

const crowdOf = (flows: readonly TriedFlow[]): Crowd =>
  new Crowd([...new Map(flows.flatMap(({ from, to }) => [from, to]).map((end) => [end.id, end])).values()]);

const targetKey = (flow: TriedFlow): string => `${flow.to.id} ${targetPort(flow)}`;
const targetPort = (flow: TriedFlow): string => `${portText(flow)}${flow.family === 6 ? ' v6' : ''}`;

function targetRows(
  tried: readonly TriedFlow[],
  crowd: Crowd,
  { palette, width = 120 }: Style,
  isChanged: (flow: TriedFlow) => boolean,
): Cell[][] {
  const target = tried[0]!;
  const lines = (['allow', 'deny'] as const).flatMap((observed): Cell[][] => {
    const flows = tried.filter((flow) => flow.observed === observed);
    const paint = flows.some(isChanged) ? palette.strong : String;
    return wrap(namesOf(flows, crowd), Math.max(40, width - 60)).map((names, index) => [
      { text: index === 0 ? observed : '', paint: (text) => paint(paintOf(observed, palette)(text)) },
      { text: names, paint },
    ]);
  });
  return lines.map((line, index) => [
    { text: index === 0 ? shortName(target.to) : '', paint: palette.strong },
    index === 0 ? targetPort(target) : '',
    ...line,
  ]);
}

/** The sources of flows to one destination, in few words. */
const namesOf = (flows: readonly TriedFlow[], crowd: Crowd): string[] =>
  crowd.namesOf(new Set(flows.map(({ from }) => from.id)), flows[0]?.to.id);

/** How many flows there were, and whether packets did what the verdicts say. */
export function renderTally(flows: readonly TriedFlow[], { palette }: Style): string {
  const tally = (observed: TriedFlow['observed']): number => flows.filter((flow) => flow.observed === observed).length;
  const mismatches = flows.filter(({ match }) => !match).length;
  const parts = [`${tally('allow')} allowed`, `${tally('deny')} denied`];
  if (tally('error') > 0) parts.push(count(tally('error'), 'error'));
  if (tally('skipped') > 0) parts.push(`${tally('skipped')} skipped`);
  const judgement =
    mismatches === 0 ? palette.allow('packets did what the verdicts say') : palette.deny(count(mismatches, 'mismatch', 'mismatches'));
  return `${count(flows.length, 'flow')} tried: ${parts.join(', ')}; ${judgement}`;
}

/** A flow that packets now treat otherwise than they did. */
export interface FlowChange {
  readonly flow: TriedFlow;
  /** Absent for a flow that was not tried before. */
  readonly before?: TriedFlow['observed'];
  /** What became of a connection that was open all the while. */
  readonly live?: 'cut' | 'kept';
}

/** What identifies a flow from one report to the next. */
export const flowKey = ({ from, to, protocol, port, family }: TriedFlow): string => `${from.id} ${to.id} ${protocol}/${port} ${family}`;

/** The flows that came, or that packets treat otherwise than before. */
export function changesBetween(before: readonly TriedFlow[], after: readonly TriedFlow[]): FlowChange[] {
  const known = new Map(before.map((flow) => [flowKey(flow), flow.observed]));
  return after.flatMap((flow) => {
    const was = known.get(flowKey(flow));
    return was === flow.observed ? [] : [{ flow, ...(was && { before: was }) }];
  });
}

const changeColumns: readonly Column[] = [
  { title: 'TO' },
  { title: 'PORT', isFixed: true },
  { title: 'BEFORE', isFixed: true },
  { title: 'NOW', isFixed: true },
  { title: 'FROM' },
];

/** What changed between two reports, by destination; `flows` are all of the second one. */
export function* renderChanges(changes: readonly FlowChange[], flows: readonly TriedFlow[], style: Style): Iterable<string> {
  const crowd = crowdOf(flows);
  const alike = Map.groupBy(changes, ({ flow, before = '', live = '' }) => `${targetKey(flow)} ${before} ${flow.observed} ${live}`);
  const rows = Array.from(alike.values(), (group) => changeRow(group, crowd, style));
  if (rows.length > 0) yield* renderTable(changeColumns, rows, style);
}

function changeRow(group: readonly FlowChange[], crowd: Crowd, { palette }: Style): Cell[] {
  const { flow, before, live } = group[0]!;
  const names = namesOf(
    group.map((change) => change.flow),
    crowd,
  ).join(', ');
  const connections = live === undefined ? '' : ` (${count(group.length, 'live connection')} ${live})`;
  return [
    { text: shortName(flow.to), paint: palette.strong },
    targetPort(flow),
    before === undefined ? 'new' : { text: before, paint: paintOf(before, palette) },
    { text: flow.observed, paint: paintOf(flow.observed, palette) },
    names + connections,
  ];
}
