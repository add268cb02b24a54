import type { FullDifference } from '../connectivity/difference.ts';
import { formatSource } from './diagnostics.ts';
import {
  type ChangeGroup,
  type ChangePart,
  causeText,
  changeGroups,
  exposureTitle,
  type Fate,
  objectsText,
  summariesOf,
  witnessText,
} from './difference-view.ts';
import type { Paint, Palette, Style } from './palette.ts';
import { columnsOf, pad, printable, wrapProse, wrapWords } from './text.ts';

/** A difference for a terminal: by what was changed, the connections that are gained (+), lost (-) and changed (~). */
export function* differenceText(difference: FullDifference, style: Style): Iterable<string> {
  const { exposure, objects, everyone } = difference;
  yield* groupsText(changeGroups(difference, everyone), style);
  if (exposure !== undefined) {
    const groups = changeGroups(exposure, everyone);
    if (groups.length > 0) yield style.palette.strong(exposureTitle);
    yield* groupsText(groups, style);
  }
  const edits = objectsText(objects);
  const lines = summariesOf(difference);
  for (const [number, line] of lines.entries()) {
    const whole = number === lines.length - 1 && edits !== '' ? `${line}; ${edits}` : line;
    for (const part of wrapProse(whole, style.width, '  ')) yield style.palette.faint(part);
  }
}

function* groupsText(groups: readonly ChangeGroup[], style: Style): Iterable<string> {
  for (const { causes, parts } of groups) {
    for (const cause of causes) {
      const place = cause.source === undefined ? '' : `  ${style.palette.faint(formatSource(cause.source))}`;
      yield `${style.palette.strong(printable(causeText(cause)))}${place}`;
    }
    const traffic = Math.min(
      widestTraffic,
      Math.max(...parts.flatMap(({ blocks }) => blocks).flatMap(({ reach }) => reach.map((each) => columnsOf(each.traffic)))),
    );
    for (const part of parts) yield* partText(part, traffic, style);
    yield '';
  }
}

/** Longer texts of traffic push their line to the right, or, where there is no room, down. */
const widestTraffic = 28;

const signs: Readonly<Record<Fate, readonly [sign: string, paintOf: (palette: Palette) => Paint]>> = {
  gained: ['+', ({ allow }) => allow],
  lost: ['-', ({ deny }) => deny],
  changed: ['~', ({ warning }) => warning],
};

function* partText({ fate, blocks, more, witness }: ChangePart, trafficColumns: number, { palette, width }: Style): Iterable<string> {
  const [sign, paintOf] = signs[fate];
  const layout = { sign, paint: paintOf(palette), trafficColumns, width };
  for (const { from, reach } of blocks)
    for (const { traffic, to } of reach) yield* connectionText(traffic, printable(`${from.join(', ')} → ${to.join(', ')}`), layout);
  if (more > 0) yield palette.faint(`    and ${more} more groups of sources; -o json has them all`);
  if (witness !== undefined) yield palette.faint(`    for example ${printable(witnessText(witness))}`);
}

interface Layout {
  readonly sign: string;
  readonly paint: Paint;
  readonly trafficColumns: number;
  readonly width: number | undefined;
}

/** What may be done, and by whom to whom: beside each other, or below where a long text of traffic leaves no room. */
function* connectionText(traffic: string, ends: string, { sign, paint, trafficColumns, width }: Layout): Iterable<string> {
  const wrapped = (text: string, indent: number): string[] =>
    width === undefined ? [text] : wrapWords(text.split(' '), Math.max(24, width - indent));
  const indent = 4 + trafficColumns + 2;
  const [first = '', ...others] = wrapped(ends, indent);
  const columns = 4 + Math.max(columnsOf(traffic), trafficColumns) + 2 + columnsOf(first);
  if (columnsOf(traffic) <= trafficColumns || width === undefined || columns <= width) {
    yield `${paint(`  ${sign} ${pad(traffic, trafficColumns)}`)}  ${first}`;
    for (const line of others) yield ' '.repeat(indent) + line;
    return;
  }
  for (const [number, line] of wrapped(traffic, 4).entries()) yield paint(`  ${number === 0 ? sign : ' '} ${line}`);
  for (const line of wrapped(ends, 6)) yield `      ${line}`;
}
