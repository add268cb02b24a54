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
  { title: 'PORT', cut: 'never' },
  { title: 'VERDICT', cut: 'never' },
  { title: 'PACKETS', cut: 'never' },
  { title: '', cut: 'end' },
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
  { title: 'TO', cut: 'middle' },
  { title: 'PORT', cut: 'never' },
  { title: 'PACKETS', cut: 'never' },
  { title: 'FROM', cut: 'end' },
];

/**
 * Many flows as a table by destination and port: who got in and who did not. Flows that did not do what the verdict says, and those
 * that were skipped, come after it, one by one.
 */
export function* renderTriedCrowd(flows: readonly TriedFlow[], style: Style): Iterable<string> {
  const clear = flows.filter(({ match, observed }) => match && observed !== 'skipped');
  const crowd = new Crowd([...new Map(flows.flatMap(({ from, to }) => [from, to]).map((end) => [end.id, end])).values()]);
  const byTarget = Map.groupBy(clear, (flow) => `${flow.to.id} ${portText(flow)} ${flow.family}`);
  const rows = [...byTarget.values()].flatMap((tried) => targetRows(tried, crowd, style));
  if (rows.length > 0) yield* renderTable(crowdColumns, rows, style);
  const others = flows.filter(({ match, observed }) => !match || observed === 'skipped');
  if (others.length === 0) return;
  yield '';
  yield* renderTriedFlows(others, style);
}

function targetRows(tried: readonly TriedFlow[], crowd: Crowd, { palette, width = 120 }: Style): Cell[][] {
  const [{ to, family } = tried[0]!] = tried;
  const port = `${portText(tried[0]!)}${family === 6 ? ' v6' : ''}`;
  const lines = (['allow', 'deny'] as const).flatMap((observed): Cell[][] => {
    const sources = new Set(tried.filter((flow) => flow.observed === observed).map(({ from }) => from.id));
    return wrap(crowd.namesOf(sources, to.id), Math.max(40, width - 60)).map((names, index) => [
      { text: index === 0 ? observed : '', paint: paintOf(observed, palette) },
      names,
    ]);
  });
  return lines.map((line, index) => [{ text: index === 0 ? shortName(to) : '', paint: palette.strong }, index === 0 ? port : '', ...line]);
}

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
  { title: 'FROM' },
  { title: 'TO' },
  { title: 'PORT', cut: 'never' },
  { title: 'BEFORE', cut: 'never' },
  { title: 'NOW', cut: 'never' },
  { title: '', cut: 'end' },
];

/** What changed, a line for each flow. */
export function* renderChanges(changes: readonly FlowChange[], style: Style): Iterable<string> {
  const { palette } = style;
  const rows = changes.map(({ flow, before, live }): Cell[] => {
    const [from, to, port, , now, remark] = flowRow(flow, style) as [Cell, Cell, Cell, Cell, Cell, Cell & object];
    const connection = live === undefined ? '' : `live connection ${live}`;
    const text = [connection, remark.text].filter((each) => each !== '').join('; ');
    return [from, to, port, before === undefined ? '' : { text: before, paint: paintOf(before, palette) }, now, { ...remark, text }];
  });
  if (rows.length > 0) yield* renderTable(changeColumns, rows, style);
}
