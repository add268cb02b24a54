import type { WriteStream } from 'node:tty';
import colors from 'picocolors';
import { type Palette, plain, type Style } from '#core/render/palette.ts';
import { CannotAnswer } from './exit.ts';

const batch = 1 << 16;

/** A place for output: standard output or standard error. */
export class Output {
  readonly #stream: WriteStream;
  readonly #palette: Palette;
  readonly #isAnswer: boolean;
  #isClosed = false;
  #before: (() => Promise<void>) | undefined;

  /** `coloured`: colour is wanted where the stream is a terminal. `isAnswer`: that a text could not be written is a fault. */
  constructor(stream: WriteStream, coloured: boolean, isAnswer: boolean) {
    this.#stream = stream;
    this.#isAnswer = isAnswer;
    this.#palette = coloured && stream.isTTY ? colourful : plain;
    // Faults are met where they are made, in `write`; without this one would end the process.
    stream.on('error', () => {});
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY;
  }

  /** Colour and width, where it is a terminal; one that does not know its width says 0. */
  get style(): Style {
    return { palette: this.#palette, ...(this.#stream.isTTY && { width: this.#stream.columns || 80 }) };
  }

  /** The lines of the terminal. */
  get rows(): number {
    return this.#stream.rows ?? 24;
  }

  /** Calls `visit` when the terminal has got another size. */
  onResize(visit: () => void): void {
    this.#stream.on('resize', visit);
  }

  /** Calls `visit` before the next text is written: what else stands on that terminal makes room. */
  beforeNext(visit: (() => Promise<void>) | undefined): void {
    this.#before = visit;
  }

  /** Nobody reads any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Writes the lines as they are made, waiting for a slow reader. */
  async print(lines: Iterable<string>): Promise<void> {
    let text = '';
    for (const line of lines) {
      text += `${line}\n`;
      if (text.length < batch) continue;
      await this.write(text);
      text = '';
      if (this.#isClosed) return;
    }
    if (text !== '') await this.write(text);
  }

  /** Writes a text as it is. A reader that has seen enough (`| head`) is no fault; what is left goes nowhere. */
  write(text: string): Promise<void> {
    if (this.#isClosed) return Promise.resolve();
    const before = this.#before;
    this.#before = undefined;
    if (before !== undefined) return before().then(() => this.write(text));
    return new Promise((resolve, reject) => {
      this.#stream.write(text, (error?: NodeJS.ErrnoException | null) => {
        if (error) this.#isClosed = true;
        if (error && error.code !== 'EPIPE' && this.#isAnswer)
          reject(new CannotAnswer(`the answer could not be written: ${error.message}`));
        else resolve();
      });
    });
  }
}

const palette = colors.createColors(true);

const colourful: Palette = {
  allow: palette.green,
  deny: palette.red,
  warning: palette.yellow,
  strong: palette.bold,
  faint: palette.dim,
};

/** Whether the user wants colour. Source: https://no-color.org */
export function wantsColour(words: readonly string[], environment: NodeJS.ProcessEnv): boolean {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  return !own.includes('--no-color') && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
}

const coloured = wantsColour(process.argv.slice(2), process.env);

/** Results go here. */
export const stdout = new Output(process.stdout, coloured, true);

/** Diagnostics and progress go here; where they can not be written, the answer still holds. */
export const stderr = new Output(process.stderr, coloured, false);
