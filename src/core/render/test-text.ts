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
import { count, pad, printable } from './text.ts';

/** Of the violations of one test these are written out. */
const mostViolations = 3;

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
  const { palette } = style;
  const paint = { passed: palette.allow, failed: palette.deny, error: palette.warning }[status];
  const place = status === 'passed' || source === undefined ? '' : `  ${palette.faint(formatSource(source))}`;
  yield `  ${paint(marks[status])} ${printable(name)}${place}`;
  for (const { error, source: at } of errors)
    yield `      ${palette.warning(printable(error))}${at === undefined ? '' : `  ${palette.faint(formatSource(at))}`}`;
  for (const violation of violations.slice(0, mostViolations)) yield* renderViolation(violation, style);
  if (violations.length > mostViolations) yield palette.faint(`      and ${violations.length - mostViolations} more`);
}

function* renderViolation(violation: ViolationAnswer, style: CheckStyle): Iterable<string> {
  const { palette } = style;
  const { source, example } = violation;
  yield `      ${printable(violationText(violation))}${source === undefined ? '' : `  ${palette.faint(formatSource(source))}`}`;
  const inner = style.width === undefined ? style : { ...style, width: Math.max(style.width - 8, 40) };
  if (example !== undefined) for (const line of renderCheck(example, inner)) yield line === '' ? '' : `        ${line}`;
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
export function* renderCoverage({ covered, total, uncovered }: CoverageReport, { palette }: Style): Iterable<string> {
  const share = total === 0 ? 100 : Math.floor((100 * covered) / total);
  yield `coverage: ${covered} of ${total} (${share} %) of what policies decide was seen deciding a tested connection`;
  yield* table(
    uncovered.map((each) => [deciderText(each), sourceText(each.rule?.source ?? each.policy.source)]),
    palette.faint,
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
export function* renderMutation(mutants: readonly MutantResult[], { palette }: Style): Iterable<string> {
  const of = (fate: MutantResult['fate']): MutantResult[] => mutants.filter((each) => each.fate === fate);
  const counted = mutants.length - of('redundant').length;
  yield `mutation: ${of('killed').length} of ${counted} removals make a test fail`;
  if (of('survived').length > 0) yield palette.warning('no test notices when these are gone');
  for (const each of of('survived')) {
    yield* table([[mutantText(each), sourceText(each.source)]], palette.faint);
    const { witness } = each;
    if (witness !== undefined)
      yield palette.faint(
        `    for example ${printable(`${witness.from} → ${witness.to}`)} ${witness.protocol}/${witness.port} would be another`,
      );
  }
  if (of('redundant').length > 0) yield palette.faint('these change no connection');
  yield* table(
    of('redundant').map((each) => [mutantText(each), sourceText(each.source)]),
    palette.faint,
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

function* table(rows: readonly (readonly [string, string])[], paint: (text: string) => string): Iterable<string> {
  const width = Math.max(0, ...rows.map(([text]) => printable(text).length));
  for (const [text, place] of rows) yield `  ${pad(printable(text), width)}  ${paint(place)}`.trimEnd();
}
