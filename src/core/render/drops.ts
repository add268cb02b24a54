import { qualifiedName } from '../api/types.ts';
import { type Drop, isMissed, type Missed, policyNames, subjectOf } from '../verdict/drop.ts';
import { portText } from './check.ts';
import type { Style } from './palette.ts';
import { count, printable, wrapProse } from './text.ts';

/** One line of drops in words: which connection, which policies, and how near it came. */
export function* renderDrop(line: Drop | Missed, { palette, width }: Style): Iterable<string> {
  const time = palette.faint(line.time.slice(11, 19));
  if (isMissed(line)) {
    yield `${time}  ${palette.faint(`${count(line.missed, 'more packet')} on ${printable(line.node)}, not shown one by one`)}`;
    return;
  }
  const state = line.audit ? palette.warning('audited') : palette.deny('denied ');
  const ends = printable(`${shortEnd(line.from)} → ${shortEnd(line.to)}`);
  const times = line.packets === 1 ? '' : `  ${count(line.packets, 'packet')}`;
  yield `${time}  ${state}  ${palette.strong(ends)}  ${portText(line)}${times}  ${palette.faint(printable(line.node))}`;
  for (const text of [whyText(line), ...line.nearMisses.slice(0, mostMisses).map(missText(line))])
    for (const wrapped of wrapProse(printable(text), width && width - indent.length, '  ')) yield indent + wrapped;
}

const mostMisses = 3;
/** As wide as the time. */
const indent = ' '.repeat(10);

/** A workload's pods are alike: what it is called, and of others what they are. */
const shortEnd = (end: Drop['from']): string => subjectOf(end).replace('/Pod/', '/');

const whyText = (drop: Drop): string =>
  `${drop.audit ? 'would be denied' : 'denied'} by ${drop.direction} of ${policyNames(drop).join(', ') || 'a policy that is gone'}`;

const missText =
  ({ direction }: Drop) =>
  ({ policy, index, failed, allows }: Drop['nearMisses'][number]): string =>
    `nearly: ${qualifiedName(policy)} ${direction}[${index}] allows ${allows}; the ${failed} is another`;
