import { qualifiedName } from '../api/types.ts';
import type { TrafficAnswer } from '../connectivity/answers.ts';
import { trafficMeant } from '../connectivity/answers.ts';
import type { TestAnswer, ViolationAnswer } from '../expect/answer.ts';
import type { CoverageReport, Decider } from '../expect/coverage.ts';
import type { Mutant, MutantResult } from '../expect/mutation.ts';
import { portTexts } from '../expect/port-ranges.ts';
import { type CheckStyle, renderCheck } from './check.ts';
import { formatSource } from './diagnostics.ts';
import type { Style } from './palette.ts';
import { renderParts } from './table.ts';
import { columnsOf, count, pad, printable } from './text.ts';

/** Of the violations of one test these are written out. */
const mostViolations = 3;

/** What stands below the name of a test. */
const inner = ' '.repeat(6);

const marks = { passed: '✓', failed: '✗', error: '!' } as const;

/** Tests by their documents: a line for each, and what does not hold below it. */
export function* renderTests(tests: readonly TestAnswer[], style: CheckStyle): Iterable<string> {
  let document: string | undefined;
  for (const test of tests) {
    if (test.document !== document) yield style.palette.strong(printable(test.document));
    document = test.document;
    yield* renderTest(test, style);
  }
  yield tallyText(tests);
}

function* renderTest({ name, status, source, violations, errors }: TestAnswer, style: CheckStyle): Iterable<string> {
  const { palette, width } = style;
  const paint = { passed: palette.allow, failed: palette.deny, error: palette.warning }[status];
  const place = { text: status === 'passed' ? '' : sourceText(source), paint: palette.faint };
  const title = { text: `  ${marks[status]} ${name}`, paint: (text: string) => text.replace(marks[status], paint) };
  yield* renderParts([title, place], width, inner);
  for (const { error, source: at } of errors) {
    const what = { text: inner + error, paint: palette.warning };
    yield* renderParts([what, { text: sourceText(at), paint: palette.faint }], width, inner);
  }
  for (const violation of violations.slice(0, mostViolations)) yield* renderViolation(violation, style);
  if (violations.length > mostViolations) yield palette.faint(`      and ${violations.length - mostViolations} more`);
}

function* renderViolation(violation: ViolationAnswer, style: CheckStyle): Iterable<string> {
  const { palette } = style;
  const { source, example } = violation;
  const place = { text: sourceText(source), paint: palette.faint };
  yield* renderParts([inner + violationText(violation), place], style.width, ' '.repeat(8));
  const narrower = style.width === undefined ? style : { ...style, width: Math.max(style.width - 8, 40) };
  if (example !== undefined) for (const line of renderCheck(example, narrower)) yield line === '' ? '' : `        ${line}`;
}

const said = {
  allow: 'must be allowed, and is denied',
  deny: 'must be denied, and is allowed',
  'nothing else': 'is allowed, and nothing else may be',
} as const;

/** What does not hold, in one line. */
export const violationText = ({ expected, from, to, traffic, isOfPackets }: ViolationAnswer): string =>
  `${from} → ${to}  ${portsText(traffic)}: ${isOfPackets ? ofPackets(expected) : said[expected]}`;

const ofPackets = (verdict: ViolationAnswer['expected']): string =>
  verdict === 'allow' ? 'the verdict is to allow it, and packets do not pass' : 'the verdict is to deny it, and packets pass';

function portsText(traffic: TrafficAnswer): string {
  const texts = traffic === 'all' ? [] : portTexts(trafficMeant(traffic));
  return texts.length === 0 || texts.join() === 'TCP,UDP,SCTP' ? 'everything' : texts.join(' ');
}

/** How many there are of each kind, in words. */
function tallyText(tests: readonly Pick<TestAnswer, 'status'>[]): string {
  const number = (status: TestAnswer['status']): number => tests.filter((test) => test.status === status).length;
  const undecided = number('error') === 0 ? '' : `, ${number('error')} undecided`;
  return `${count(tests.length, 'test')}: ${number('passed')} passed, ${number('failed')} failed${undecided}`;
}

/** Whether packets did what the verdicts say, of tests that were run with packets. */
export function packetsText(tests: readonly TestAnswer[]): string {
  const wrong = tests.flatMap(({ violations }) => violations.filter(({ isOfPackets }) => isOfPackets)).length;
  return wrong === 0 ? 'packets did what the verdicts say' : `packets did otherwise ${count(wrong, 'time')}`;
}

/** What of the policies decided tested connections, and what did not. */
export function* renderCoverage({ covered, total, uncovered }: CoverageReport, style: Style): Iterable<string> {
  const share = total === 0 ? 100 : Math.floor((100 * covered) / total);
  yield `coverage: ${covered} of ${total} (${share} %) of what policies decide was seen deciding a tested connection`;
  yield* table(
    uncovered.map((each) => [deciderText(each), sourceText(each.rule?.source ?? each.policy.source)]),
    style,
  );
}

/** The same for programs. */
export const coverageJson = ({ covered, total, uncovered }: CoverageReport): object => ({
  covered,
  total,
  uncovered: uncovered.map(({ policy, direction, rule }) => {
    const source = rule?.source ?? policy.source;
    return { policy: policy.id, direction, ...(rule && { index: rule.index }), ...(source && { source }) };
  }),
});

/** What decides, in words. */
const deciderText = ({ policy, direction, rule }: Decider): string =>
  rule === undefined ? `${policy.name}  isolates for ${direction}` : `${policy.name}  ${direction}[${rule.index}]`;

/** Which edits no test would notice. */
export function* renderMutation(mutants: readonly MutantResult[], style: Style): Iterable<string> {
  const { palette } = style;
  const of = (fate: MutantResult['fate']): MutantResult[] => mutants.filter((each) => each.fate === fate);
  const counted = mutants.length - of('redundant').length;
  yield `mutation: ${of('killed').length} of ${counted} removals make a test fail`;
  if (of('survived').length > 0) yield palette.warning('no test notices when these are gone');
  for (const each of of('survived')) {
    yield* table([[mutantText(each), sourceText(each.source)]], style);
    const { witness } = each;
    if (witness !== undefined)
      yield palette.faint(
        `    for example ${printable(`${witness.from} → ${witness.to}`)} ${witness.protocol}/${witness.port} would be another`,
      );
  }
  if (of('redundant').length > 0) yield palette.faint('these change no connection');
  yield* table(
    of('redundant').map((each) => [mutantText(each), sourceText(each.source)]),
    style,
  );
}

/** What is taken away, in words. */
function mutantText({ policy, removed, direction, index, item }: Mutant): string {
  const name = qualifiedName(policy);
  if (removed === 'policy') return name;
  const rule = `${name}  ${direction}[${index}]`;
  if (removed === 'rule') return rule;
  const list = removed === 'port' ? 'ports' : direction === 'ingress' ? 'from' : 'to';
  return `${rule}.${list}[${item}]`;
}

const sourceText = (source: Parameters<typeof formatSource>[0] | undefined): string => (source === undefined ? '' : formatSource(source));

/** What is spoken of with its place, the places aligned where they fit. */
function* table(rows: readonly (readonly [string, string])[], { palette, width }: Style): Iterable<string> {
  const columns = Math.max(0, ...rows.map(([text]) => columnsOf(printable(text))));
  const widest = Math.max(0, ...rows.map(([, place]) => columnsOf(place)));
  const isAligned = width === undefined || 2 + columns + 2 + widest <= width;
  for (const [text, place] of rows) {
    const filled = isAligned && place !== '' ? pad(printable(text), columns) : text;
    yield* renderParts([`  ${filled}`, { text: place, paint: palette.faint }], width);
  }
}
