import type { TrafficAnswer } from '../connectivity/answers.ts';
import { type CompactMatrix, compactMatrix } from './compact.ts';
import { dependenceNotes } from './dependence.ts';
import type { Breakdown, MatrixView } from './matrix-view.ts';

/** What was asked for. */
export interface Question {
  /** The options that limit it; empty for everything. */
  readonly words: string;
  readonly traffic: TrafficAnswer;
}

/** What a page is given to show. */
export interface PageContent extends CompactMatrix {
  readonly question: Question;
  /** What of it depends on the network plugin, in sentences. */
  readonly notes: readonly string[];
  readonly by?: Breakdown;
}

/** A page of as many pairs, those of some 2,500 workloads, takes half a minute to write; nobody finds anything in one of more. */
const mostPairs = 10_000_000;

/** Whether all that was asked about is more than a page holds, and how much it is. */
export function tooManyPairs({ counted }: Pick<MatrixView, 'counted'>, most = mostPairs): string | undefined {
  if (counted === undefined) return undefined;
  const { endpoints, count } = counted();
  const pairs = count.between(endpoints, endpoints);
  return pairs > most ? `${pairs} pairs are more than a page can hold, which is ${most}` : undefined;
}

/** Where the page's content goes into its text. */
export const contentMark = '"CONTENT"';

/** The matrix as one HTML file: the page's text with what it shows in it. */
export function* matrixHtml(view: MatrixView, page: string, question: Question): Iterable<string> {
  const [before, after] = page.split(contentMark) as [string, string];
  const { choices = [], dependents } = view.shown;
  const matrix = compactMatrix(view.whole(), dependents);
  const content: PageContent = { ...matrix, question, notes: dependenceNotes(choices), ...(view.by && { by: view.by }) };
  yield before;
  // A line for each field; no text in it can end the element that it stands in.
  const fields = Object.entries(content);
  for (const [index, [name, value]] of fields.entries())
    yield `${index === 0 ? '{' : ','}${JSON.stringify(name)}:${JSON.stringify(value).replaceAll('<', '\\u003c')}`;
  yield '}';
  yield after;
}
