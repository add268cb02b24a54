import type { Source } from '#core/api/diagnostic.ts';

/** Of so many lines the start of one is known: the others are found from there. A list of all would be as large as a small text itself. */
const step = 64;

/** A text that came from a file, with its lines found when they are first asked for. */
export class SourceText {
  readonly text: string;
  readonly file: string;
  /** The starts of every line whose number, from 0, is a multiple of `step`. */
  #lineStarts: number[] | undefined;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  /** The place of the UTF-16 unit at the offset. */
  sourceAt(offset: number): Source {
    this.#lineStarts ??= lineStartsOf(this.text);
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    let start = this.#lineStarts[low]!;
    let line = low * step + 1;
    for (let end = this.text.indexOf('\n', start); end >= 0 && end < offset; end = this.text.indexOf('\n', start)) {
      start = end + 1;
      line++;
    }
    return { file: this.file, line, column: offset - start + 1 };
  }
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  let line = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) if (++line % step === 0) starts.push(at + 1);
  return starts;
}
