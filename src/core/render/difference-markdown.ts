import type { FullDifference } from '../connectivity/difference.ts';
import { formatSource } from './diagnostics.ts';
import {
  type ChangeGroup,
  type ChangePart,
  causeText,
  changeGroups,
  exposureTitle,
  objectsText,
  summariesOf,
  witnessText,
} from './difference-view.ts';
import { escapeMarkdown, markdownCode, renderMarkdownTable } from './markdown.ts';
import { namesMarkdown } from './matrix-markdown.ts';

/** What the clusters that are compared are called. */
export interface Compared {
  readonly before: string;
  readonly after: string;
}

/** A difference in Markdown, for a pull request: the summary, the connections with what changes them, and an example of each. */
export function* differenceMarkdown(difference: FullDifference, { before, after }: Compared): Iterable<string> {
  const { exposure, objects, everyone } = difference;
  const edits = objectsText(objects);
  yield '### What this change opens and closes';
  yield '';
  const total = summariesOf(difference).toReversed().join('; ');
  yield `**${total}**${edits === '' ? '' : ` by ${edits}`}, from ${markdownCode(before)} to ${markdownCode(after)}.`;
  yield* tableOf(changeGroups(difference, everyone));
  const exposed = exposure === undefined ? [] : changeGroups(exposure, everyone);
  if (exposed.length === 0) return;
  yield '';
  yield `**${exposureTitle[0]!.toUpperCase()}${exposureTitle.slice(1)}**`;
  yield* tableOf(exposed);
}

function* tableOf(groups: readonly ChangeGroup[]): Iterable<string> {
  if (groups.length === 0) return;
  yield '';
  yield* renderMarkdownTable(
    ['', 'From', 'Traffic', 'To', 'Because'].map((title) => ({ title })),
    groups.flatMap(rowsOf),
  );
  const witnesses = groups.flatMap(({ parts }) => parts.flatMap(({ fate, witness }) => (witness === undefined ? [] : [{ fate, witness }])));
  if (witnesses.length === 0) return;
  yield '';
  yield '<details><summary>Examples</summary>';
  yield '';
  for (const { fate, witness } of witnesses) yield `- ${fate}: ${markdownCode(witnessText(witness))}`;
  yield '';
  yield '</details>';
}

function rowsOf({ causes, parts }: ChangeGroup): string[][] {
  const because = causes.map((cause) => {
    const place = cause.source === undefined ? '' : ` (${markdownCode(formatSource(cause.source))})`;
    return `${escapeMarkdown(causeText(cause))}${place}`;
  });
  return parts.flatMap(partRows).map((row, number) => [...row, number === 0 ? because.join('<br>') : '']);
}

function partRows({ fate, blocks, more }: ChangePart): string[][] {
  const rows = blocks.flatMap(({ from, reach }) =>
    reach.map(({ traffic, to }, index) => [index === 0 ? namesMarkdown(from) : '', escapeMarkdown(traffic), namesMarkdown(to)]),
  );
  if (more > 0) rows.push([`and ${more} more`, '', '']);
  return rows.map((row, number) => [number === 0 ? `**${fate}**` : '', ...row]);
}
