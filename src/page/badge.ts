import { element } from './element.ts';
import type { CellState } from './traffic-filter.ts';

/** The mark of a state, as the grid draws it. */
export function badge({ kind, isLimited, isPartial, isDependent }: CellState): HTMLElement {
  const parts = ['badge', kind, isLimited ? 'limited' : '', isPartial ? 'partial' : '', isDependent ? 'dependent' : ''];
  return element('span', { class: parts.filter((part) => part !== '').join(' '), 'aria-hidden': 'true' });
}
