import { shorten } from '#core/render/text.ts';
import { type Output, stderr, stdout } from './terminal.ts';

/** Work that takes no longer than this says nothing, in milliseconds. */
const patience = 500;
/** A line is not drawn more often than this, in milliseconds. */
const interval = 100;
const clearLine = '\r\u001b[K';

/** Says how far long work has come. With `isLong` the work ahead holds everything up for longer than anybody waits in silence. */
export type Report = (text: string, isLong?: boolean) => void;

/**
 * Does work that may take long, and shows meanwhile on a terminal how far it has come: one line of standard error, which is redrawn and is
 * gone at the end, or when the answer begins to appear on the terminal. Elsewhere nothing is shown. Work that leaves no time for others is drawn
 * when it reports.
 */
export async function withProgress<T>(first: string, work: (report: Report) => Promise<T>): Promise<T> {
  if (!isProgressShown()) return work(() => undefined);
  const line = new ProgressLine(stderr, first);
  try {
    return await work((text, isLong) => line.report(text, isLong));
  } finally {
    await line.remove();
  }
}

/** Whether work over these objects holds everything up for longer than anybody waits in silence. */
export const isMuch = (objects: { readonly length: number }): boolean => objects.length > 4000;

/** Whether there is anybody to whom progress is shown. */
export const isProgressShown = (): boolean => stderr.isTerminal && process.env.TERM !== 'dumb';

/** Reports counted things: `comparing: 1200 of 5652 endpoints`. Numbers are plain: to write them for a language takes 80 ms the first time. */
export const counting =
  (report: Report, work: string, things: string) =>
  (done: number, all: number): void =>
    report(`${work}: ${done} of ${all} ${things}`);

class ProgressLine {
  readonly #output: Output;
  readonly #timer: NodeJS.Timeout;
  #text: string;
  #next = performance.now() + patience;
  #isShown = false;
  #isOver = false;

  constructor(output: Output, text: string) {
    this.#output = output;
    this.#text = text;
    this.#timer = setTimeout(() => this.#draw(), patience).unref();
    if (stdout.isTerminal) stdout.beforeNext(() => this.remove());
  }

  report(text: string, isLong = false): void {
    if (this.#isOver) return;
    this.#text = text;
    if (isLong || performance.now() >= this.#next) this.#draw();
  }

  #draw(): void {
    this.#next = performance.now() + interval;
    this.#isShown = true;
    const { palette, width } = this.#output.style;
    // A terminal that does not know its width says 0.
    void this.#output.write(clearLine + palette.faint(shorten(this.#text, (width || 80) - 1)));
  }

  async remove(): Promise<void> {
    clearTimeout(this.#timer);
    stdout.beforeNext(undefined);
    const isShown = this.#isShown && !this.#isOver;
    this.#isOver = true;
    if (isShown) await this.#output.write(clearLine);
  }
}
