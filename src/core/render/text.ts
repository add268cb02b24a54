const printableAscii = /^[\x20-\x7e]*$/;
const dangerous = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const withoutWidth = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

let graphemes: Intl.Segmenter | undefined;

function segmentsOf(text: string): string[] {
  graphemes ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

const columnsOfSegment = (segment: string): number => (withoutWidth.test(segment) ? 0 : wide.test(segment) ? 2 : 1);

/** The text with everything escaped that a terminal would obey instead of show: control characters and changes of direction. */
export function printable(text: string): string {
  return printableAscii.test(text) ? text : text.replace(dangerous, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/** How many columns of a terminal the text takes. Source: Unicode TR 11, wide characters and emoji count two. */
export function columnsOf(text: string): number {
  return printableAscii.test(text) ? text.length : segmentsOf(text).reduce((sum, segment) => sum + columnsOfSegment(segment), 0);
}

/** The text filled with blanks up to `columns`. */
export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, columns - columnsOf(text)));
  return align === 'left' ? text + blanks : blanks + text;
}

/** The beginning of the text in at most `columns` columns; that something is left out is marked by an ellipsis. */
export function shorten(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  if (columns <= 1) return columns === 1 ? '…' : '';
  return printableAscii.test(text) ? `${text.slice(0, columns - 1)}…` : `${take(segmentsOf(text), columns - 1).join('')}…`;
}

/** As many of the first segments as fit. */
function take(segments: readonly string[], columns: number): string[] {
  let sum = 0;
  const end = segments.findIndex((segment) => {
    sum += columnsOfSegment(segment);
    return sum > columns;
  });
  return segments.slice(0, end === -1 ? undefined : end);
}

/** `1 policy`, `3 policies`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** Names joined by commas, in lines of at most that many columns. */
export const wrap = (names: readonly string[], columnsOfLine: number): string[] =>
  wrapWords(
    names.map((name, index) => (index === names.length - 1 ? name : `${name},`)),
    columnsOfLine,
  );

/** Words in lines of at most that many columns, as far as they can be parted. */
export function wrapWords(words: readonly string[], columnsOfLine: number, breakWord = (word: string): string[] => [word]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && columnsOf(last) + 1 + columnsOf(word) <= columnsOfLine) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(...breakWord(word));
  }
  return lines;
}

/** Words in lines of at most that many columns, come what may: what is wider alone goes on in the next line. */
export const fold = (words: readonly string[], columnsOfLine: number): string[] =>
  wrapWords(words, columnsOfLine, (word) => broken(word, Math.max(columnsOfLine, 2)));

/** A name is broken where it has parts: after a slash, else after a hyphen or what is like it, else anywhere. */
function broken(word: string, columnsOfLine: number): string[] {
  const lines: string[] = [];
  let rest = word;
  while (columnsOf(rest) > columnsOfLine) {
    const most = take(segmentsOf(rest), columnsOfLine).join('');
    const [line] = /^.*\//.exec(most) ?? /^.*[-.,:=]/.exec(most) ?? [most];
    lines.push(line);
    rest = rest.slice(line.length);
  }
  return [...lines, rest];
}

/** Prose in lines of at most that many columns; the lines after the first begin with the indent. */
export function wrapProse(text: string, columnsOfLine: number | undefined, indent = ''): string[] {
  if (columnsOfLine === undefined) return [text];
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && columnsOf(last) + 1 + columnsOf(word) <= columnsOfLine) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : indent + word);
  }
  return lines;
}
