import { Crowd } from '#core/render/crowd.ts';
import { count } from '#core/render/text.ts';
import { badge } from './badge.ts';
import { element } from './element.ts';
import type { Matrix } from './matrix.ts';
import type { CellState, TrafficFilter } from './traffic-filter.ts';
import { outcomeText, stateWords } from './words.ts';

/** Peers of one endpoint that have the same with it. */
interface PeerGroup {
  readonly text: string;
  readonly words: string;
  readonly state: CellState;
  readonly places: readonly number[];
}

/** One endpoint alone: who reaches it on the left, whom it reaches on the right. */
export function workloadPane(matrix: Matrix, filter: TrafficFilter, place: number, lookAt: (place: number) => void): HTMLElement {
  const crowd = new Crowd(matrix.endpoints);
  const column = (title: string, side: 'in' | 'out'): HTMLElement => {
    const groups = peerGroups(matrix, filter, place, side);
    const cards = groups.map((group) => peerCard(matrix, crowd, group, lookAt));
    return element(
      'section',
      { class: side, 'aria-label': title },
      element('h2', {}, title),
      ...cards,
      groups.length === 0 ? element('p', { class: 'faint' }, 'nobody') : undefined,
    );
  };
  const { pods, kind, workloadKind, ranges = [] } = matrix.endpoints[place]!;
  const words =
    kind === 'External'
      ? count(ranges.length, 'range')
      : [workloadKind ?? kind, ...(pods === undefined ? [] : [count(pods, 'pod')])].join(', ');
  return element(
    'div',
    { class: 'workload' },
    column('Who may reach it', 'in'),
    element(
      'section',
      { class: 'self' },
      element('h2', {}, matrix.names[place]!),
      element('p', { class: 'faint' }, words),
      ...rangeLines(ranges),
    ),
    column('Whom it may reach', 'out'),
  );
}

/** The first ranges, and the others behind how many they are. */
const fewRanges = 12;

function rangeLines(ranges: readonly string[]): HTMLElement[] {
  const lines = ranges.map((range) => element('p', { class: 'faint range' }, range));
  if (lines.length <= fewRanges) return lines;
  const rest = element('details', {}, element('summary', {}, `and ${lines.length - fewRanges} more`), ...lines.slice(fewRanges));
  return [...lines.slice(0, fewRanges), rest];
}

/** The peers by what they have with the endpoint: rules first, the largest groups first. */
function peerGroups(matrix: Matrix, filter: TrafficFilter, place: number, side: 'in' | 'out'): PeerGroup[] {
  const groups = new Map<string, PeerGroup & { readonly places: number[] }>();
  for (const [other] of matrix.endpoints.entries()) {
    const outcome = side === 'in' ? matrix.outcomeAt(other, place) : matrix.outcomeAt(place, other);
    const state = filter.states[outcome];
    if (state === undefined || state.kind === 'denied') continue;
    const members = matrix.membersOf(place, other);
    const text = outcomeText(matrix.outcomes[outcome]!, filter, members);
    const words = stateWords(state, matrix.outcomes[outcome]!, members);
    const key = `${words} ${text}`;
    const group = groups.get(key) ?? { text, words, state, places: [] };
    groups.set(key, group);
    group.places.push(other);
  }
  return [...groups.values()].sort((a, b) => rank(a) - rank(b) || b.places.length - a.places.length);
}

const rank = ({ state: { kind } }: PeerGroup): number => (kind === 'rule' ? 0 : 1);

/** Peers that are named one by one; of more, those of a namespace together. */
const fewPeers = 8;

function peerCard(matrix: Matrix, crowd: Crowd, { text, words, state, places }: PeerGroup, lookAt: (place: number) => void): HTMLElement {
  const buttons = places.map((other) =>
    element('button', { type: 'button', class: 'peer', click: () => lookAt(other) }, matrix.names[other]!),
  );
  const head = element(
    'p',
    { class: 'head', title: words },
    badge(state),
    element('strong', {}, text),
    element('span', { class: 'count' }, String(places.length)),
  );
  if (places.length <= fewPeers) return element('article', { class: `peers ${state.kind}` }, head, ...buttons);
  const names = crowd.namesOf(new Set(places.map((other) => matrix.endpoints[other]!.id)));
  const summary = [...names.slice(0, fewPeers), ...(names.length > fewPeers ? [`and ${names.length - fewPeers} more`] : [])].join(', ');
  return element('article', { class: `peers ${state.kind}` }, head, element('details', {}, element('summary', {}, summary), ...buttons));
}

const curve = 0.5;

/** Draws a line from every card to the endpoint, over the pane that holds them. */
export function drawLines(pane: HTMLElement): void {
  pane.querySelector('svg')?.remove();
  const self = pane.querySelector('.self');
  if (self === null) return;
  const origin = pane.getBoundingClientRect();
  const centre = self.getBoundingClientRect();
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('aria-hidden', 'true');
  for (const card of pane.querySelectorAll('.peers')) {
    const box = card.getBoundingClientRect();
    const isSource = box.left < centre.left;
    const [startX, endX] = isSource ? [box.right, centre.left] : [centre.right, box.left];
    const middle = Math.min(box.top + box.height / 2, box.top + 40);
    const aim = Math.max(centre.top + 14, Math.min(centre.bottom - 14, middle));
    const [startY, endY] = isSource ? [middle, aim] : [aim, middle];
    const bend = (endX - startX) * curve;
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    const at = (x: number, y: number): string => `${Math.round(x - origin.left)},${Math.round(y - origin.top)}`;
    path.setAttribute('d', `M${at(startX, startY)} C${at(startX + bend, startY)} ${at(endX - bend, endY)} ${at(endX, endY)}`);
    path.setAttribute('class', card.className);
    svg.append(path);
  }
  pane.prepend(svg);
}
