import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import { type TestAnswer, testAnswer } from '#core/expect/answer.ts';
import type { ConnectivityTest } from '#core/expect/connectivity-test.ts';
import type { Coverage } from '#core/expect/coverage.ts';
import { decodeTest, isConnectivityTest } from '#core/expect/read-test.ts';
import { TestRun } from '#core/expect/run-tests.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { findFiles, type ManifestFile, readText, standardInput } from '#manifest/files.ts';
import { parseDocuments } from '#manifest/parse.ts';
import { analysed } from './analysed.ts';
import { clusterFlagIn } from './cluster-options.ts';
import { CannotAnswer } from './exit.ts';
import { readInput, sayDiagnostics } from './input.ts';
import type { InputOptions } from './options.ts';
import { counting, withProgress } from './progress.ts';
import { stderr } from './terminal.ts';

/** A document of tests with the file that it stands in; `-` is standard input. */
export interface TestDocument {
  readonly file: string;
  readonly test: ConnectivityTest;
}

/**
 * Reads the tests of files and directories, and says what is wrong with them; an error among it ends the command. Of a directory only what is a
 * document of tests counts, so that tests may stand beside the policies.
 */
export async function readTests(paths: readonly string[]): Promise<TestDocument[]> {
  const { files, diagnostics } = findFiles(paths);
  const found: Diagnostic[] = [...diagnostics];
  const documents: TestDocument[] = [];
  for (const file of files) {
    const text = await readText(file);
    if (typeof text !== 'string') found.push(text);
    else documents.push(...(await documentsIn(text, file, found)));
  }
  await sayDiagnostics(found, (lines) => stderr.print(lines), 'in the tests');
  if (documents.length === 0) throw new CannotAnswer(`no tests in ${paths.join(', ')}`, 'test init writes some: for what holds today');
  return documents;
}

/** The documents of tests in a text; what is wrong with it is added to `found`. */
async function documentsIn(text: string, { path, named }: ManifestFile, found: Diagnostic[]): Promise<TestDocument[]> {
  const documents = await Array.fromAsync(parseDocuments(text, path === '-' ? standardInput : path));
  return documents.flatMap(({ value, place, diagnostics }) => {
    // In a directory stand other things, too, and whoever reads those says what is wrong with them.
    if (!named && !isConnectivityTest(value)) return [];
    const { test, diagnostics: wrong } = value === undefined ? { diagnostics: [] } : decodeTest(value, place);
    found.push(...diagnostics, ...wrong);
    return test === undefined || diagnostics.length > 0 ? [] : [{ file: path, test }];
  });
}

/** Where the manifests of a document are that it names itself. */
export const manifestsOf = ({ file, test }: TestDocument): readonly string[] | undefined =>
  test.manifests?.map((path) => relativeTo(file, path));

/** A path as the file means it, short where it is below the working directory. */
function relativeTo(file: string, path: string): string {
  const absolute = resolve(file === '-' ? '.' : dirname(file), path);
  const here = `${process.cwd()}/`;
  return absolute.startsWith(here) ? absolute.slice(here.length) : absolute;
}

/** Documents by what they are decided over: undefined is a cluster. What is said with options counts before what documents say. */
export function groupsOf(
  documents: readonly TestDocument[],
  options: InputOptions & { readonly live?: true },
): Map<string | undefined, readonly TestDocument[]> {
  if (options.live || options.filename !== undefined || clusterFlagIn(options) !== undefined)
    return new Map([[options.filename?.join('\n'), documents]]);
  return Map.groupBy(documents, (document) => manifestsOf(document)?.join('\n'));
}

/** What the tests of a group are decided over. */
export async function analysisOf(options: InputOptions): Promise<Analysis> {
  const { objects, choices, settled } = await readInput(options);
  return analysed({ objects, choices, settled });
}

/** The answers of the tests of some documents; what they ask is noted for coverage. */
export function runTests(documents: readonly TestDocument[], analysis: Analysis, coverage: Coverage | undefined): Promise<TestAnswer[]> {
  return withProgress('running tests', async (report) => {
    const onTest = counting(report, 'running tests', 'tests');
    const all = documents.reduce((sum, { test }) => sum + test.tests.length, 0);
    let done = 0;
    return documents.flatMap(({ test: document }) => {
      const run = new TestRun(analysis, document, (tried) => coverage?.addTried(tried));
      for (const each of document.tests) coverage?.addClosure(each, analysis.model, run.ends);
      return Array.from(run.results(), (result) => {
        onTest(++done, all);
        return testAnswer(document.name, result, run);
      });
    });
  });
}
