import {
  changesBetween,
  type FlowChange,
  flowKey,
  renderChanges,
  renderTally,
  renderTriedCrowd,
  renderTriedFlows,
  type TriedFlow,
} from '#core/render/lab.ts';
import type { Style } from '#core/render/palette.ts';
import type { LabReport } from '#lab/run.ts';
import type { Output } from './terminal.ts';

/** What a running lab has to show after it came up, or after a change. */
export interface LabState {
  readonly report: LabReport;
  /** What became of connections that were open, by flow. */
  readonly live: ReadonlyMap<string, 'cut' | 'kept'>;
  /** What was said: faults of the files, of agents. */
  readonly messages: readonly string[];
  /** How long it took from a saved file to all kernels. */
  readonly milliseconds?: number;
}

/** Shows a running lab: on a terminal as one screen that is drawn anew, elsewhere as lines, of which later ones tell only what changed. */
export class LiveView {
  readonly #output: Output;
  readonly #title: () => string;
  readonly #inOrder: boolean;
  #before: readonly TriedFlow[] | undefined;
  #state: LabState | undefined;
  #changes: readonly FlowChange[] = [];

  /** `inOrder`: the flows were given as a list, and are shown in its order. */
  constructor(output: Output, title: () => string, inOrder: boolean) {
    this.#output = output;
    this.#title = title;
    this.#inOrder = inOrder;
    output.onResize(() => void this.#redraw());
  }

  /** Shows the state. */
  async show(state: LabState): Promise<void> {
    const { flows } = state.report;
    const changed = this.#before === undefined ? [] : changesBetween(this.#before, flows);
    this.#changes = changed.map((change) => {
      const live = state.live.get(flowKey(change.flow));
      return live === undefined ? change : { ...change, live };
    });
    const isFirst = this.#before === undefined;
    this.#before = flows;
    this.#state = state;
    if (this.#output.isTerminal) await this.#redraw();
    else
      await this.#output.print([
        ...state.messages,
        ...this.#changeLines(this.#output.style),
        ...(isFirst ? this.#tableLines() : []),
        this.#tally(),
      ]);
  }

  async #redraw(): Promise<void> {
    if (this.#state === undefined || !this.#output.isTerminal) return;
    const { palette } = this.#output.style;
    const below = ['', this.#tally(), ...this.#changeLines(this.#output.style), ...this.#state.messages, palette.faint('q quits')];
    const { rows } = this.#output;
    const table = this.#tableLines();
    const room = Math.max(3, rows - below.length - 3);
    const shown =
      table.length <= room
        ? table
        : [...table.slice(0, room - 1), palette.faint(`… ${table.length - room + 1} lines more: a higher terminal shows them`)];
    await this.#output.write(clearScreen + [palette.strong(this.#title()), '', ...shown, ...below].slice(0, rows).join('\n'));
  }

  #tableLines(): string[] {
    const { flows } = this.#state!.report;
    if (this.#inOrder) return [...renderTriedFlows(flows, this.#output.style)];
    const changed = new Set(this.#changes.map(({ flow }) => flow));
    return [...renderTriedCrowd(flows, this.#output.style, (flow) => changed.has(flow))];
  }

  #changeLines(style: Style): string[] {
    if (this.#state!.milliseconds === undefined) return [];
    const took = `saved and enforced in ${this.#state!.milliseconds.toFixed(0)} ms`;
    const effect = this.#changes.length === 0 ? 'no packet is treated otherwise' : `${this.#changes.length} treated otherwise:`;
    return ['', style.palette.strong(`${took}; ${effect}`), ...renderChanges(this.#changes, this.#state!.report.flows, style)];
  }

  #tally(): string {
    return renderTally(this.#state!.report.flows, this.#output.style);
  }
}

const clearScreen = '\u001b[H\u001b[2J\u001b[3J';
