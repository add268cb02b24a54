import { stringify } from 'yaml';
import type { Advice } from '#core/advise/advise.ts';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import { connectivityOf, type MatrixOptions } from '#core/connectivity/connectivity.ts';
import { type DependenceQuestion, dependencesOf, withDependences } from '#core/connectivity/dependence.ts';
import type { FullDifference } from '#core/connectivity/difference.ts';
import type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
import { renderAdvice } from '#core/render/advice.ts';
import { renderCheck } from '#core/render/check.ts';
import { renderDiagnostic } from '#core/render/diagnostics.ts';
import { type Compared, differenceMarkdown } from '#core/render/difference-markdown.ts';
import { differenceText } from '#core/render/difference-text.ts';
import { matrixDot } from '#core/render/dot.ts';
import { renderJson } from '#core/render/json.ts';
import { matrixCsv, matrixJson } from '#core/render/matrix.ts';
import { matrixMarkdown } from '#core/render/matrix-markdown.ts';
import { matrixText } from '#core/render/matrix-text.ts';
import type { Breakdown, MatrixView } from '#core/render/matrix-view.ts';
import { matrixMermaid } from '#core/render/mermaid.ts';
import { plain } from '#core/render/palette.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import type { CheckAnswer } from '#core/verdict/answer.ts';

const style = { palette: plain };
const joined = (lines: Iterable<string>): string => [...lines].join('\n');

/**
 * A diagnostic as compilers write them: `file:line:column: error: message`, and the line at fault where its text is given.
 *
 * @param texts The texts by the names of their files, as they were given to {@link parseManifests}.
 */
export const diagnosticText = (diagnostic: Diagnostic, texts: Readonly<Record<string, string>> = {}): string =>
  joined(renderDiagnostic(diagnostic, style, (file) => (Object.hasOwn(texts, file) ? texts[file] : undefined)));

/** The answer to one connection as `check` prints it, with the edits that would make it otherwise if they are given. */
export const checkText = (answer: CheckAnswer, advice?: Advice): string =>
  joined([...renderCheck(answer, style), ...(advice === undefined ? [] : renderAdvice(advice, { ...style, yamlOf: stringify }))]);

/** What of a matrix is written, and how. */
export interface MatrixTextOptions extends MatrixOptions {
  /** Rows for workloads or for namespaces; unless given, for workloads as long as that can be read. JSON and CSV have workloads always. */
  readonly by?: Breakdown;
}

/** How a matrix can be written: as a table, for programs, or as a picture. */
export type MatrixFormat = 'text' | 'md' | 'json' | 'csv' | 'dot' | 'mermaid';

const writers: Readonly<Record<MatrixFormat, (view: MatrixView) => Iterable<string>>> = {
  text: (view: MatrixView) => matrixText(view, style),
  json: ({ shown }: MatrixView) => matrixJson(shown),
  csv: ({ shown }: MatrixView) => matrixCsv(shown),
  md: matrixMarkdown,
  dot: matrixDot,
  mermaid: matrixMermaid,
};

/** Who can reach whom as `matrix` prints it, line by line: a large matrix is worked out while it is written. */
export function matrixLines(analysis: Analysis, format: MatrixFormat, options: MatrixTextOptions = {}): Iterable<string> {
  const { by, ...asked } = options;
  const found = connectivityOf(analysis, asked);
  const isWhole = asked.isShown === undefined;
  const everyone = isWhole ? found.endpoints : connectivityOf(analysis).endpoints;
  return writers[format]({
    shown: withDependences(found, dependencesOf(analysis, questionOf(asked, everyone))),
    whole: () => connectivityOf(analysis, { ...asked, denied: true }),
    everyone,
    denied: asked.denied ?? false,
    by,
    ...(isWhole &&
      asked.traffic === undefined && {
        counted: () => (asked.denied ? connectivityOf(analysis, { ...asked, denied: false, isPartial: true }) : found),
      }),
  });
}

/** What of the matrix may depend on the network plugin: the pairs that are asked for. */
function questionOf({ isShown, direction, traffic, exposure }: MatrixOptions, endpoints: readonly MatrixEndpoint[]): DependenceQuestion {
  return {
    endpoints,
    ...(traffic && { traffic }),
    ...(exposure && { exposure }),
    ...(isShown && {
      isShown,
      isWanted: (from, to) => (direction !== 'ingress' && isShown(from)) || (direction !== 'egress' && isShown(to)),
    }),
  };
}

/** How a difference can be written. */
export type DifferenceFormat = 'text' | 'md' | 'json';

/** What a change opens and closes as `diff` prints it, line by line; Markdown says what was compared. */
export function differenceLines(
  difference: FullDifference,
  format: DifferenceFormat,
  compared: Compared = { before: 'before', after: 'after' },
): Iterable<string> {
  const { everyone: _, ...answer } = difference;
  if (format === 'json') return renderJson(answer);
  return format === 'md' ? differenceMarkdown(difference, compared) : differenceText(difference, style);
}
