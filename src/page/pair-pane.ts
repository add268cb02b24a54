import type { Direction } from '#core/api/types.ts';
import { qualifiedName } from '#core/api/types.ts';
import { isAllTraffic, isEmptyTraffic, type Traffic } from '#core/net/port-set.ts';
import { protocols } from '#core/net/protocol.ts';
import { blocksBy, type Row } from '#core/render/blocks.ts';
import { Crowd } from '#core/render/crowd.ts';
import { choiceText } from '#core/render/dependence.ts';
import { setText } from '#core/render/traffic.ts';
import { groupLabel, type Item, placesOf } from './axis.ts';
import { badge } from './badge.ts';
import { element } from './element.ts';
import { gateWords } from './gate-words.ts';
import type { Matrix, Outcome } from './matrix.ts';
import type { CellContent } from './totals.ts';
import type { TrafficFilter } from './traffic-filter.ts';
import { outcomeText, stateWords, totalsText } from './words.ts';

/** What the pane can ask for. */
export interface PaneHooks {
  readonly lookAt: (place: number) => void;
  readonly toggle: (group: string) => void;
}

/** What is said of a cell: a pair with both its gates, or several pairs. */
export function pairPane(
  matrix: Matrix,
  filter: TrafficFilter,
  [from, to]: readonly [Item, Item],
  content: CellContent,
  hooks: PaneHooks,
): Node[] {
  const title = element('h2', {}, itemName(matrix, from), element('span', { class: 'arrow' }, ' → '), itemName(matrix, to));
  if (content.kind === 'none') return [title, element('p', {}, noPairWords(matrix, from, to))];
  if (content.kind === 'pairs') return [title, ...severalPairs(matrix, filter, from, to, content, hooks)];
  if (from.kind !== 'endpoint' || to.kind !== 'endpoint') return [title];
  const outcome = matrix.outcomes[content.outcome]!;
  const verdict = element(
    'p',
    { class: 'verdict' },
    badge(content.state),
    element('strong', {}, stateWords(content.state, outcome, content.members)),
  );
  const isDenied = content.state.kind === 'denied';
  const traffic = isDenied
    ? otherTraffic(outcome, filter)
    : element('p', { class: 'traffic' }, outcomeText(outcome, filter, content.members));
  const itself = from.place === to.place ? element('p', { class: 'faint' }, 'Its pods with each other; each reaches itself.') : undefined;
  const differs =
    outcome.partial === undefined
      ? undefined
      : element('p', { class: 'faint' }, `Its ${content.members} differ; the reasons are those of the pair that may do the least.`);
  const { dependsOn = [] } = outcome;
  const depends = dependsOn.map((choice) =>
    element(
      'p',
      { class: 'depends' },
      `${filter.isNarrow ? 'Some traffic depends' : 'Depends'} on the network plugin: ${choiceText[choice]}.`,
    ),
  );
  return [
    title,
    verdict,
    ...[traffic, ...depends, itself, differs].filter((part) => part !== undefined),
    gate(matrix, filter, 'egress', from.place, outcome),
    gate(matrix, filter, 'ingress', to.place, outcome),
    element('p', { class: 'faint' }, isDenied ? 'Why, with lines:' : 'The rule and its line:'),
    element('pre', {}, checkCommand(matrix, from.place, to.place, outcome.some, filter)),
    element('p', { class: 'buttons' }, ...lookButtons(matrix, [from.place, to.place], hooks)),
  ];
}

/** What the pair may do beside what is asked about. */
const otherTraffic = ({ some }: Outcome, { asked }: TrafficFilter): HTMLElement | undefined =>
  isEmptyTraffic(some) ? undefined : element('p', { class: 'faint' }, `Not ${setText(asked)}; let through: ${setText(some)}.`);

const lookButtons = (matrix: Matrix, places: readonly number[], { lookAt }: PaneHooks): HTMLElement[] =>
  Array.from(new Set(places), (place) =>
    element('button', { type: 'button', click: () => lookAt(place) }, `All of ${matrix.names[place]}`),
  );

const itemName = (matrix: Matrix, item: Item): string => (item.kind === 'group' ? groupLabel(item.group) : matrix.names[item.place]!);

const noPairWords = ({ endpoints }: Matrix, from: Item, to: Item): string =>
  from.kind === 'endpoint' && from.key === to.key && endpoints[from.place]!.pods === 1
    ? 'A pod always reaches itself.'
    : 'Policy knows nothing of this pair: neither end is a pod that it could isolate, or they have no address family in common.';

function gate(matrix: Matrix, filter: TrafficFilter, direction: Direction, end: number, outcome: Outcome): HTMLElement {
  const listed = matrix.policiesOf(outcome[direction], end, direction);
  const { isClosed, why, policies } = gateWords(outcome, direction, listed.length, filter);
  return element(
    'section',
    { class: isClosed ? 'gate closed' : 'gate' },
    element('h3', {}, `${direction === 'egress' ? 'Egress' : 'Ingress'} of ${matrix.names[end]}`),
    element('p', {}, why),
    ...(policies === undefined || listed.length === 0
      ? []
      : [
          element('p', { class: 'faint' }, policies),
          element('ul', {}, ...listed.map((policy) => element('li', {}, qualifiedName(policy)))),
        ]),
  );
}

/** The question that `sallyport check` answers with the rule, the file and the line: about what is let through of the traffic that is asked about, or about that. */
function checkCommand({ endpoints }: Matrix, from: number, to: number, some: Traffic, filter: TrafficFilter): string {
  const name = (place: number): string => {
    const { id, kind, ranges = [] } = endpoints[place]!;
    return kind === 'External' ? (ranges[0]?.split('-')[0] ?? id) : id;
  };
  const through = filter.of(some);
  return `sallyport check -f … --from ${name(from)} --to ${name(to)} --port ${portOf(isEmptyTraffic(through) ? filter.asked : through)}`;
}

/** Some port of the traffic: a common one where there is a choice. */
function portOf(traffic: Traffic): string {
  if (isAllTraffic(traffic)) return '80';
  const protocol = protocols.find((each) => traffic[each].length > 0)!;
  const [first, last] = traffic[protocol][0]!;
  return `${protocol}/${first <= 80 && last >= 80 ? 80 : first}`;
}

/** Beyond this many pairs they are only counted. */
const mostPairs = 4000;

function severalPairs(
  matrix: Matrix,
  filter: TrafficFilter,
  from: Item,
  to: Item,
  { totals }: CellContent & { kind: 'pairs' },
  hooks: PaneHooks,
): Node[] {
  const { pairs, rule, open } = totals;
  const counts = element(
    'p',
    {},
    element('strong', {}, totalsText(totals)),
    ` pairs may connect: ${rule.toLocaleString('en')} by rules, ${open.toLocaleString('en')} because nothing isolates them; ${(pairs - rule - open).toLocaleString('en')} are denied.`,
  );
  const groups = (from.key === to.key ? [from] : [from, to]).flatMap((item) => (item.kind === 'group' ? [item] : []));
  const buttons = groups.map((item) =>
    element('button', { type: 'button', click: () => hooks.toggle(item.key) }, `${item.isOpen ? 'Close' : 'Open'} ${item.label}`),
  );
  const places = [from, to].flatMap((item) => (item.kind === 'endpoint' ? [item.place] : []));
  const looks = lookButtons(matrix, places, hooks);
  const shown = rule + open > 0 && pairs <= mostPairs ? pairTable(matrix, filter, from, to) : undefined;
  return [counts, element('p', { class: 'buttons' }, ...buttons, ...looks), ...(shown === undefined ? [] : [shown])];
}

/** What the pairs may do, those that are alike together. */
function pairTable(matrix: Matrix, filter: TrafficFilter, from: Item, to: Item): HTMLElement {
  const rows = placesOf(from).flatMap((source) => placesOf(to).flatMap((destination) => rowOf(matrix, filter, source, destination)));
  const { blocks } = blocksBy(rows, new Crowd(matrix.endpoints))!;
  return element(
    'div',
    { class: 'blocks' },
    ...blocks.flatMap((block) =>
      block.reach.map(({ traffic, to }) =>
        element(
          'p',
          {},
          element('span', { class: 'names' }, block.from.join(', ')),
          element('strong', {}, ` ${traffic} `),
          '→ ',
          element('span', { class: 'names' }, to.join(', ')),
        ),
      ),
    ),
  );
}

function rowOf(matrix: Matrix, filter: TrafficFilter, from: number, to: number): Row[] {
  const place = matrix.outcomeAt(from, to);
  if (place < 0 || filter.states[place]!.kind === 'denied') return [];
  return [
    {
      from: matrix.endpoints[from]!.id,
      to: [matrix.endpoints[to]!.id],
      text: outcomeText(matrix.outcomes[place]!, filter, matrix.membersOf(from, to)),
    },
  ];
}
