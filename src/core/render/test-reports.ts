import type { TestAnswer } from '../expect/answer.ts';
import { renderCheck } from './check.ts';
import { formatSource } from './diagnostics.ts';
import { plain } from './palette.ts';
import { violationText } from './test-text.ts';

/** What went wrong with a test, in lines without colour. */
function* troubleOf({ violations, errors }: TestAnswer): Iterable<string> {
  for (const { error, source } of errors) yield source === undefined ? error : `${formatSource(source)}: ${error}`;
  for (const violation of violations) {
    const { source, example } = violation;
    yield `${source === undefined ? '' : `${formatSource(source)}: `}${violationText(violation)}`;
    if (example !== undefined) for (const line of renderCheck(example, { palette: plain })) if (line !== '') yield `  ${line}`;
  }
}

const firstTrouble = (test: TestAnswer): string => [...troubleOf(test)][0] ?? '';

/** Tests in the Test Anything Protocol. Source: https://testanything.org/tap-version-14-specification.html */
export function* renderTap(tests: readonly TestAnswer[]): Iterable<string> {
  yield 'TAP version 14';
  yield `1..${tests.length}`;
  for (const [index, test] of tests.entries()) {
    const { document, name, status, source } = test;
    yield `${status === 'passed' ? 'ok' : 'not ok'} ${index + 1} - ${tapText(`${document}: ${name}`)}`;
    if (status === 'passed') continue;
    yield '  ---';
    yield `  severity: ${status === 'failed' ? 'fail' : 'error'}`;
    if (source !== undefined) yield `  at: ${JSON.stringify(formatSource(source))}`;
    yield '  message: |-';
    for (const line of troubleOf(test)) yield `    ${line.replace(/[\p{Cc}\u2028\u2029\ufeff]/gu, '?')}`;
    yield '  ...';
  }
}

/** In a description a hash would begin a directive. */
const tapText = (text: string): string => text.replace(/[\\#]/g, '\\$&').replace(/\s+/g, ' ');

/**
 * Tests as JUnit XML: a suite for each document. Source: what Jenkins, GitLab and GitHub's actions read, which the schema of
 * https://github.com/jenkinsci/xunit-plugin (junit-10.xsd) describes.
 */
export function* renderJunit(tests: readonly TestAnswer[]): Iterable<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>';
  yield `<testsuites name="sallyport" ${tallyOf(tests)}>`;
  for (const [document, own] of Map.groupBy(tests, (test) => test.document)) {
    yield `  <testsuite name="${xml(document)}" ${tallyOf(own)}>`;
    for (const test of own) yield* renderCase(test);
    yield '  </testsuite>';
  }
  yield '</testsuites>';
}

function tallyOf(tests: readonly TestAnswer[]): string {
  const number = (status: TestAnswer['status']): number => tests.filter((test) => test.status === status).length;
  return `tests="${tests.length}" failures="${number('failed')}" errors="${number('error')}"`;
}

function* renderCase(test: TestAnswer): Iterable<string> {
  const { document, name, status } = test;
  const start = `    <testcase name="${xml(name)}" classname="${xml(document)}"`;
  if (status === 'passed') {
    yield `${start}/>`;
    return;
  }
  const element = status === 'failed' ? 'failure' : 'error';
  yield `${start}>`;
  yield `      <${element} message="${xml(firstTrouble(test))}" type="${status}">${xml([...troubleOf(test)].join('\n'))}</${element}>`;
  yield '    </testcase>';
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML 1.0, which some characters are not allowed in at all. */
const xml = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => entities[character]!).replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?');
