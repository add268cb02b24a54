import { trafficMeant } from '#core/connectivity/answers.ts';
import type { Traffic } from '#core/net/port-set.ts';
import type { PageContent } from '#core/render/matrix-html.ts';
import { count } from '#core/render/text.ts';
import { axisOf, groupLabel, type Item, openAtFirst } from './axis.ts';
import { element, found } from './element.ts';
import { Grid } from './grid.ts';
import { zooms } from './grid-layout.ts';
import type { Place } from './grid-painter.ts';
import type { Matrix } from './matrix.ts';
import { pairPane } from './pair-pane.ts';
import { readHash, type ViewState, writeHash } from './state.ts';
import { Cells } from './totals.ts';
import { TrafficFilter } from './traffic-filter.ts';
import { trafficWanted } from './traffic-text.ts';
import { cellSentence, cellText, cutWords } from './words.ts';
import { drawLines, workloadPane } from './workload-pane.ts';

const inputs = ['from', 'to', 'port', 'protocol'] as const;

/** Says something in its place, or nothing. */
function say(id: 'fault' | 'unfound' | 'gone' | 'nothing' | 'cut', words: string | undefined): void {
  const place = found(id, HTMLElement);
  place.textContent = words ?? '';
  place.hidden = words === undefined;
}

/** Joins the parts: what is chosen, and what is shown for it. */
export class App {
  readonly #matrix: Matrix;
  readonly #asked: Traffic;
  readonly #first: ViewState;
  readonly #grid: Grid;
  #state: ViewState;
  #filter: TrafficFilter;
  #cells: Cells;
  #rows: readonly Item[] = [];
  #columns: readonly Item[] = [];

  constructor(matrix: Matrix, { by, question, notes }: Pick<PageContent, 'by' | 'question' | 'notes'>) {
    this.#matrix = matrix;
    this.#first = { open: openAtFirst(matrix, by), from: '', to: '', port: '', protocol: '' };
    this.#state = this.#read();
    this.#asked = trafficMeant(question.traffic);
    this.#filter = new TrafficFilter(matrix, this.#asked);
    this.#cells = new Cells(matrix, this.#filter);
    this.#grid = new Grid(found('grid', HTMLElement), found('space', HTMLElement), found('canvas', HTMLCanvasElement), {
      hover: (place, point) => this.#hover(place, point),
      move: (place) => this.#choose(place),
      open: (place, isByKey) => this.#open(place, isByKey),
      label: ({ row, column }) => this.#label(this.#rows[row ?? -1] ?? this.#columns[column ?? -1]),
      toggle: ({ row, column }) => this.#toggle([this.#rows[row ?? -1], this.#columns[column ?? -1]]),
      zoom: (zoom) => this.#change({ zoom }),
      leave: () => this.#change({ cell: undefined }),
      print: (room) => say('cut', cutWords(room, { rows: this.#rows.length, columns: this.#columns.length })),
    });
    const { endpoints, groups } = matrix;
    const namespaces = groups.filter(({ kind }) => kind === 'namespace').length;
    found('counts', HTMLElement).textContent = [
      count(endpoints.length, 'endpoint'),
      count(namespaces, 'namespace'),
      ...(question.words === '' ? [] : [question.words]),
    ].join(' · ');
    found('notes', HTMLElement).append(...notes.map((note) => element('li', {}, note)));
    for (const part of document.querySelectorAll<HTMLElement>('.dependence')) part.hidden = notes.length === 0;
    found('names', HTMLDataListElement).append(...matrix.names.map((name) => element('option', { value: name })));
  }

  start(): void {
    for (const name of inputs) {
      const input = document.getElementById(name) as HTMLInputElement | HTMLSelectElement;
      input.addEventListener('input', () => this.#change({ [name]: input.value }));
    }
    const find = found('find', HTMLInputElement);
    find.addEventListener('change', () => this.#find(find));
    const on = (id: string, act: () => void): void => found(id, HTMLButtonElement).addEventListener('click', act);
    on('open-all', () => this.#change({ open: new Set(this.#matrix.groups.map(({ name }) => name)) }));
    on('close-all', () => this.#change({ open: new Set() }));
    on('larger', () => this.#change({ zoom: Math.min(zooms.length - 1, this.#grid.zoom + 1) }));
    on('smaller', () => this.#change({ zoom: Math.max(0, this.#grid.zoom - 1) }));
    on('back', () => this.#back());
    addEventListener('hashchange', () => {
      this.#state = this.#read();
      this.#show();
    });
    addEventListener('resize', () => drawLines(found('workload', HTMLElement)));
    addEventListener('keydown', (event) => this.#shortcut(event, find));
    this.#show();
  }

  /** The state that the address says; of a workload that is not here, in words. */
  #read(): ViewState {
    const state = readHash(location.hash, this.#first);
    const { workload } = state;
    const isGone = workload !== undefined && this.#matrix.placeOf(workload) === undefined;
    say('gone', isGone ? `There is no workload ${workload} here.` : undefined);
    return isGone ? { ...state, workload: undefined } : state;
  }

  #shortcut(event: KeyboardEvent, find: HTMLInputElement): void {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key === '/' && !isTyping) {
      event.preventDefault();
      find.focus();
    } else if (event.key === 'Escape') this.#back();
  }

  /** From a workload to the matrix, and from what is said of a cell to the cell. */
  #back(): void {
    if (this.#state.workload !== undefined) this.#change({ workload: undefined });
    else if (found('pair', HTMLElement).contains(document.activeElement)) found('grid', HTMLElement).focus();
  }

  #find(input: HTMLInputElement): void {
    const place = this.#matrix.find(input.value);
    const isNone = input.value.trim() !== '' && place === undefined;
    input.setAttribute('aria-invalid', String(isNone));
    say('unfound', isNone ? `Nothing here is called “${input.value.trim()}”.` : undefined);
    if (place === undefined) return;
    input.value = '';
    this.#lookAt(place);
  }

  #lookAt(place: number): void {
    this.#change({ workload: this.#matrix.endpoints[place]!.id });
    scrollTo(0, 0);
  }

  #change(change: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...change };
    say('gone', undefined);
    const address = `#${writeHash(this.#state, this.#first)}`;
    // What is looked at is a step that the browser goes back; how it is shown is none.
    if ('workload' in change) history.pushState(undefined, '', address);
    else history.replaceState(undefined, '', address);
    this.#show(change);
  }

  /** Shows the state; of a change no more than depends on it. */
  #show(change: Partial<ViewState> = this.#state): void {
    const { from, to, open, port, protocol, zoom, workload } = this.#state;
    for (const name of inputs) {
      const input = document.getElementById(name) as HTMLInputElement | HTMLSelectElement;
      if (input.value !== this.#state[name]) input.value = this.#state[name];
    }
    if ('port' in change || 'protocol' in change) this.#refilter(port, protocol);
    const isOther = ['port', 'protocol', 'open', 'from', 'to', 'zoom', 'workload'].some((name) => name in change);
    document.body.classList.toggle('alone', workload !== undefined);
    if (isOther && workload === undefined) {
      this.#rows = axisOf(this.#matrix, open, from);
      this.#columns = axisOf(this.#matrix, open, to);
      say('nothing', this.#nothingWords());
      const textOf = (content: Parameters<typeof cellText>[2]): string => cellText(this.#matrix, this.#filter, content);
      this.#grid.show({ rows: this.#rows, columns: this.#columns, cellAt: (a, b) => this.#cells.at(a, b), textOf }, zoom);
    }
    if (isOther) this.#showWorkload();
    this.#showCell();
  }

  #nothingWords(): string | undefined {
    if (this.#matrix.endpoints.length === 0) return 'There is nothing to show: the input has no workloads and no pods.';
    if (this.#rows.length > 0 && this.#columns.length > 0) return undefined;
    return `Nothing has “${this.#rows.length === 0 ? this.#state.from : this.#state.to}” in its name.`;
  }

  #refilter(port: string, protocol: string): void {
    const { traffic, fault } = trafficWanted(port, protocol, this.#asked);
    found('port', HTMLInputElement).setAttribute('aria-invalid', String(fault !== undefined));
    say('fault', fault);
    this.#filter = new TrafficFilter(this.#matrix, traffic);
    this.#cells = new Cells(this.#matrix, this.#filter);
  }

  #showWorkload(): void {
    const { workload } = this.#state;
    const pane = found('workload', HTMLElement);
    const place = workload === undefined ? undefined : this.#matrix.placeOf(workload);
    pane.replaceChildren();
    if (place === undefined) return;
    const shown = workloadPane(this.#matrix, this.#filter, place, (other) => this.#lookAt(other));
    pane.append(shown);
    drawLines(shown);
    for (const details of shown.querySelectorAll('details')) details.addEventListener('toggle', () => drawLines(shown));
  }

  #showCell(): void {
    const place = this.#cursor();
    const pane = found('pair', HTMLElement);
    this.#grid.mark(place);
    found('hint', HTMLElement).hidden = place !== undefined;
    if (place === undefined) {
      pane.replaceChildren();
      return;
    }
    const pair = [this.#rows[place.row]!, this.#columns[place.column]!] as const;
    const hooks = { lookAt: (other: number) => this.#lookAt(other), toggle: (group: string) => this.#toggleGroups([group]) };
    pane.replaceChildren(...pairPane(this.#matrix, this.#filter, pair, this.#cells.at(...pair), hooks));
    found('said', HTMLElement).textContent = this.#sentence(place);
  }

  /** The chosen cell, where its row and its column are shown. */
  #cursor(): Place | undefined {
    const { cell } = this.#state;
    if (cell === undefined) return undefined;
    const [row, column] = [this.#rows.findIndex(({ key }) => key === cell[0]), this.#columns.findIndex(({ key }) => key === cell[1])];
    return row < 0 || column < 0 ? undefined : { row, column };
  }

  #choose({ row, column }: Place): void {
    const [from, to] = [this.#rows[row], this.#columns[column]];
    if (from !== undefined && to !== undefined) this.#change({ cell: [from.key, to.key] });
  }

  #open(place: Place, isByKey: boolean): void {
    this.#choose(place);
    const pane = found('pair', HTMLElement);
    if (isByKey) pane.focus();
    // On a narrow screen it stands below the matrix.
    else pane.scrollIntoView({ block: 'nearest', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  }

  #label(item: Item | undefined): void {
    if (item?.kind === 'endpoint') this.#lookAt(item.place);
    else this.#toggle([item]);
  }

  #toggle(items: readonly (Item | undefined)[]): void {
    this.#toggleGroups(items.flatMap((item) => (item?.kind === 'group' ? [item.key] : [])));
  }

  #toggleGroups(names: readonly string[]): void {
    const open = new Set(this.#state.open);
    for (const name of new Set(names)) if (!open.delete(name)) open.add(name);
    if (names.length > 0) this.#change({ open });
  }

  #hover(place: Place | undefined, { x, y }: { readonly x: number; readonly y: number }): void {
    const tip = found('tip', HTMLElement);
    tip.hidden = place === undefined;
    if (place === undefined) return;
    tip.replaceChildren(
      ...this.#sentence(place)
        .split('\n')
        .map((line) => element('p', {}, line)),
    );
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, x + 14 + width > innerWidth ? x - width - 10 : x + 14)}px`;
    tip.style.top = `${Math.max(4, y + 18 + height > innerHeight ? y - height - 10 : y + 18)}px`;
  }

  #sentence({ row, column }: Place): string {
    const [from, to] = [this.#rows[row]!, this.#columns[column]!];
    const name = (item: Item): string => (item.kind === 'group' ? groupLabel(item.group) : this.#matrix.names[item.place]!);
    return `${name(from)} → ${name(to)}\n${cellSentence(this.#matrix, this.#filter, this.#cells.at(from, to))}`;
  }
}
