import type { Source } from '../api/diagnostic.ts';
import { type Direction, directions, type PolicyId, qualifiedName } from '../api/types.ts';
import type { CheckAnswer, GateAnswer, ResultAnswer } from '../verdict/answer.ts';
import { choiceText } from './dependence.ts';
import { formatSource } from './diagnostics.ts';
import { shortId } from './outside.ts';
import type { Style } from './palette.ts';
import { renderParts } from './table.ts';
import { columnsOf, pad, printable, wrapProse } from './text.ts';

/** How the answer to one connection is written: with where each policy stands, as far as that is known. */
export interface CheckStyle extends Style {
  readonly sourceOf?: (policy: PolicyId) => Source | undefined;
}

/** The answer to one connection: the verdict, both gates, and for each the policies that made it so. */
export function* renderCheck(answer: CheckAnswer, style: CheckStyle): Iterable<string> {
  const { palette } = style;
  const { from, to, allowed, family, targetPorts } = answer;
  const verdict = allowed ? palette.allow('allowed') : palette.deny('denied');
  const leading = targetPorts === undefined ? '' : `, which leads to ${targetPorts.join(', ')}`;
  const ends = printable(`${from.id} → ${to.id}`);
  yield `${palette.strong(verdict)}  ${palette.strong(ends)}  ${portText(answer)}${family === 6 ? ' over IPv6' : ''}${leading}`;
  yield '';
  for (const direction of directions) yield* renderGate(direction, answer, style);
  if (answer.results !== undefined) yield* renderResults(answer.results, style);
  yield* renderNotes(answer, style);
}

/** `TCP/8080`; a protocol without ports stands alone. */
export const portText = ({ protocol, port }: { readonly protocol: string; readonly port: number }): string =>
  port === 0 ? protocol : `${protocol}/${port}`;

function* renderGate(direction: Direction, answer: CheckAnswer, style: CheckStyle): Iterable<string> {
  const { palette, sourceOf = () => undefined } = style;
  const gate = answer[direction];
  const { id: subject, kind } = direction === 'egress' ? answer.from : answer.to;
  const isPod = kind === 'Pod' || kind === 'Workload';
  const state = gate.allowed ? palette.allow('open  ') : palette.deny('closed');
  const example = exampleOf(direction, answer);
  const why = example === undefined ? whyOf(direction, gate, subject, isPod) : `for ${example}: ${whyOf(direction, gate, 'it')}`;
  yield `${pad(direction, 8)} ${state}  ${printable(why)}`;
  const rule = ({ policy, index, name, source }: GateAnswer['rules'][number]): string[] => [
    qualifiedName(policy),
    `${direction}[${index}]${name === undefined ? '' : ` "${name}"`}`,
    source === undefined ? '' : formatSource(source),
  ];
  yield* renderList(gate.allowed ? 'let through by' : 'denied by', gate.rules.map(rule), style);
  const policies = gate.policies.map((policy) => [qualifiedName(policy), '', placeText(sourceOf(policy))]);
  yield* renderList(gate.reason === 'tier' ? 'of the policy' : 'isolated by', policies, style);
  const misses = gate.nearMisses.map((miss) => [...rule(miss), missText(miss.failed)]);
  yield* renderList('nearly let through by', misses, style);
}

/** Where members differ at a gate: those of its subject that its answer is of, if it is not of all of them. */
function exampleOf(direction: Direction, answer: CheckAnswer): string | undefined {
  const { results = [] } = answer;
  const subjectsOf = (some: readonly ResultAnswer[]): string[] => [
    ...new Set(some.flatMap(({ from, to }) => (direction === 'egress' ? from : to))),
  ];
  const alike = subjectsOf(results.filter((result) => saidAt(direction, result) === saidAt(direction, answer)));
  return alike.length === subjectsOf(results).length ? undefined : membersText(alike);
}

const saidAt = (direction: Direction, { [direction]: { reason, policies } }: Pick<CheckAnswer, Direction>): string =>
  JSON.stringify([reason, policies]);

const placeText = (source: Source | undefined): string => (source === undefined ? '' : formatSource(source));
const missText = (failed: 'peer' | 'port'): string =>
  failed === 'peer' ? 'the port matches, the peer does not' : 'the peer matches, the port does not';

/** Why a gate is open or closed, in words. */
export function whyOf(direction: Direction, { allowed, reason }: GateAnswer, subject: string, isPod = false): string {
  const way = direction === 'egress' ? 'out' : 'in';
  switch (reason) {
    case 'not-isolated':
      return `no policy isolates ${subject} for ${direction}`;
    case 'rule':
      return `a rule lets it ${way}`;
    case 'no-rule-matched':
      return `isolated, and no rule lets it ${way}`;
    case 'self':
      return 'a pod always reaches itself';
    case 'hairpin':
      return 'a pod reaches itself, through a Service';
    case 'own-node':
      return direction === 'egress' ? 'a pod always reaches its own node' : 'the node of a pod always reaches it';
    case 'unpoliced-endpoint':
      return isPod
        ? `policies do not see ${subject} as a pod: it has ended, or is in the network of its node`
        : `${subject} is no pod, and policies isolate pods only`;
    case 'tier':
      return `a cluster-wide policy ${allowed ? 'accepts' : 'denies'} it`;
  }
}

/** A list below a gate, its columns aligned where they fit; otherwise what does not fit stands below, as a place or a reason is never cut. */
function* renderList(title: string, rows: readonly (readonly string[])[], { palette, width }: Style): Iterable<string> {
  if (rows.length === 0) return;
  yield palette.faint(`${' '.repeat(listIndent)}${title}`);
  const indent = ' '.repeat(listIndent + 2);
  const room = (width ?? Number.POSITIVE_INFINITY) - indent.length;
  const texts = rows.map((row) => row.map(printable));
  const columns = texts[0]!.map((_, index) => Math.max(...texts.map((row) => columnsOf(row[index]!))));
  const filled = (row: readonly string[]): string[] =>
    row.flatMap((cell, index) => (columns[index] === 0 ? [] : [pad(cell, columns[index]!)]));
  const aligned = texts.map((row) => filled(row).join('  ').trimEnd());
  if (aligned.every((line) => columnsOf(line) <= room)) for (const line of aligned) yield indent + line;
  else for (const row of texts) for (const line of renderParts(row, room)) yield indent + line;
}

const listIndent = 9;

function* renderResults(results: readonly ResultAnswer[], { palette, width }: Style): Iterable<string> {
  yield '';
  yield results.some(({ seenAs }) => seenAs !== undefined) ? 'not all members and ways are alike' : 'not all members are alike';
  const differing = directions.filter((direction) => new Set(results.map((result) => saidAt(direction, result))).size > 1);
  for (const result of results) {
    const { allowed } = result;
    const verdict = allowed ? palette.allow('allowed') : palette.deny('denied ');
    const [first, ...more] = wrapProse(memberText(result), width && width - memberIndent);
    yield `  ${verdict}  ${first}`;
    for (const line of more) yield ' '.repeat(memberIndent) + line;
    if (results.every((each) => each.allowed === allowed))
      for (const direction of differing) yield `${' '.repeat(memberIndent)}${direction}: ${memberWhy(direction, result[direction])}`;
  }
}

/** Behind `  allowed  `. */
const memberIndent = 11;

function memberText({ from, to, pairs, port, seenAs }: ResultAnswer): string {
  const seen = [
    ...(seenAs?.egress === undefined ? [] : [`leaving for ${seenAs.egress}`]),
    ...(seenAs?.ingress === undefined ? [] : [`arriving from ${seenAs.ingress}`]),
  ];
  const ends = printable(`${membersText(from)} → ${membersText(to)}`);
  return [`${ends}${pairs === undefined ? '' : pairsText[pairs]}  port ${port}`, ...seen].join(', ');
}

const pairsText = { itself: ' (each with itself)', others: ' (but itself)' } as const;

function memberWhy(direction: Direction, gate: GateAnswer): string {
  const by = gate.policies.map((policy) => printable(qualifiedName(policy)));
  return `${whyOf(direction, gate, 'it')}${by.length === 0 ? '' : ` (${by.join(', ')})`}`;
}

function membersText(ids: readonly string[]): string {
  const names = ids.map(shortId);
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`;
}

/** What should be known beside the verdict, each note a sentence or two. */
function* renderNotes(answer: CheckAnswer, { palette, width }: Style): Iterable<string> {
  const notes = [...auditNotes(answer), ...(answer.notes ?? []).map(({ message }) => message), ...doubtsOf(answer)];
  if (notes.length > 0) yield '';
  for (const note of notes) for (const line of wrapProse(printable(`note: ${note}`), width, '  ')) yield palette.faint(line);
}

/** What policies in audit would do to it. */
function auditNotes({ audit }: CheckAnswer): string[] {
  const closed = directions.filter((direction) => audit?.[direction].allowed === false);
  if (audit === undefined || closed.length === 0) return [];
  const gates = closed.map((direction) => `${direction} of ${audit[direction].policies.map(qualifiedName).join(', ')}`);
  return [`it would be denied if the policies in audit were enforced: by ${gates.join(', and by ')}`];
}

/** Why the verdict could be another. */
function doubtsOf({ certainty, dependsOn = [], opinions = [], tied = [], assumedAddress, protocol }: CheckAnswer): string[] {
  const doubts: string[] = [];
  if (tied.length > 0) {
    const names = tied.map(qualifiedName).join(' and ');
    doubts.push(
      `${names} have the same priority, and which of them is asked first is not defined: here it is the first by name, and another order would decide otherwise`,
    );
  } else if (certainty === 'undefined')
    doubts.push(`NetworkPolicy does not speak of ${protocol}; this is what our enforcer does${settings(dependsOn)}`);
  if (opinions.length > 0) {
    for (const choice of dependsOn) {
      const said = opinions.filter((opinion) => opinion.choice === choice).map(opinionText);
      doubts.push(`network plugins differ in ${choiceText[choice]}: ${said.join('; ')}`);
    }
    doubts.push(`--profile answers for one network plugin${settings(dependsOn)}`);
  }
  if (assumedAddress)
    doubts.push(
      "an address was assumed (--pod-cidr; for pods in their node's network read Nodes, too), and with another one the verdict could be another",
    );
  return doubts;
}

const settings = (names: readonly string[]): string => (names.length === 0 ? '' : ` (or --set ${names.join(', --set ')})`);

function opinionText({ value, allowed, profiles }: NonNullable<CheckAnswer['opinions']>[number]): string {
  const who = profiles.length === 0 ? '' : ` (${profiles.join(', ')})`;
  return `${value}${who} ${allowed ? 'allows' : 'denies'} it`;
}
