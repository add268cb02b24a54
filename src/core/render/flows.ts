import { directions, qualifiedName } from '../api/types.ts';
import type { CheckAnswer } from '../verdict/answer.ts';
import type { EndpointIdentity } from '../verdict/endpoint.ts';
import { portText, whyOf } from './check.ts';
import type { Style } from './palette.ts';
import { type Column, renderTable } from './table.ts';
import { count } from './text.ts';

const columns: readonly Column[] = [
  { title: 'VERDICT', isFixed: true },
  { title: 'FROM' },
  { title: 'TO' },
  { title: 'PORT', isFixed: true },
  { title: 'WHY' },
];

/** The answers to a list of flows as a table, and how many are allowed. */
export function* renderFlows(answers: readonly CheckAnswer[], style: Style): Iterable<string> {
  const { palette } = style;
  const rows = answers.map((answer) => [
    answer.allowed ? { text: 'allowed', paint: palette.allow } : { text: 'denied', paint: palette.deny },
    shortName(answer.from),
    shortName(answer.to),
    `${portText(answer)}${answer.family === 6 ? ' v6' : ''}`,
    reasonText(answer),
  ]);
  if (rows.length > 0) yield* renderTable(columns, rows, style);
  const denied = answers.filter(({ allowed }) => !allowed).length;
  yield `${count(answers.length, 'flow')}: ${answers.length - denied} allowed, ${denied} denied`;
}

/** A pod or workload without its kind, which its name rarely needs; everybody else by id. */
export const shortName = ({ id, kind, namespace, name }: EndpointIdentity): string =>
  kind === 'Pod' || kind === 'Workload' ? `${namespace}/${name}` : id;

/** What decided, in a few words: the gate and the policies of a denial, the policies whose rules let an allowed connection through. */
function reasonText(answer: CheckAnswer): string {
  const parts = directions.flatMap((direction) => {
    const gate = answer[direction];
    if (!answer.allowed) return gate.allowed ? [] : [`${direction}: ${gate.policies.map(qualifiedName).join(', ')}`];
    const letting = [...new Set(gate.rules.map(({ policy }) => qualifiedName(policy)))];
    if (letting.length > 0) return [`${direction}: ${letting.join(', ')}`];
    return gate.policies.length > 0 ? [whyOf(direction, gate, '')] : [];
  });
  return parts.join('; ') || (answer.egress.reason === 'self' ? 'a pod always reaches itself' : 'no policy isolates either end');
}
