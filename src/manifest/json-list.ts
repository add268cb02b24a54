/** A list as kubectl writes one: an object with `items`, of which each begins a line. */
export interface ListedItems {
  /** The whole value. */
  readonly value: unknown;
  /** The offset of the bracket of `items`, and those of the items, in the text. */
  readonly bracket: number;
  readonly items: readonly number[];
}

/** The first name `items` with a list of objects, and what stands before the first of these. A string would have a backslash before a quote. */
const beginning = /"items"[ \t\r\n]*:[ \t\r\n]*\[(\r?\n[ \t]+)\{/;

/**
 * Reads a text that is such a list from `start` to `end`, item by item, so that their places are known without a look at every character.
 * Undefined where the text is something else, or written otherwise. That items begin where lines look like it is only a guess, which the
 * grammar of JSON proves: each piece between two of these places must be a value by itself, and so must the rest with a mark instead of them.
 */
export function readListedItems(text: string, start: number, end: number): ListedItems | undefined {
  const whole = text.slice(start, end);
  const found = beginning.exec(whole);
  if (found === null) return undefined;
  const [before, gap] = found as unknown as [string, string];
  const bracket = found.index + before.length - gap.length - 2;
  const places = placesOf(whole, `${gap}{`, bracket + 1).map((place) => place + gap.length);
  const close = closeOf(whole, places.at(-1)!, gap);
  if (close === undefined) return undefined;
  try {
    const around = (mark: number): { readonly items?: unknown } =>
      JSON.parse(`${whole.slice(0, bracket)}[${mark}]${whole.slice(close + 1)}`);
    const value = around(0);
    // The list may lie deeper, and a text may hold any mark: that of the value is it if it is another one with another mark.
    if (![value, around(1)].every(({ items }, mark) => Array.isArray(items) && items[0] === mark)) return undefined;
    const items: unknown[] = [];
    for (const [index, place] of places.entries()) {
      const next = places[index + 1];
      const behind = next === undefined ? close : next - gap.length - 1;
      if (next !== undefined && whole[behind] !== ',') return undefined;
      items.push(JSON.parse(whole.slice(place, behind)));
    }
    return { value: { ...value, items }, bracket: start + bracket, items: places.map((place) => start + place) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function placesOf(text: string, needle: string, from: number): number[] {
  const places: number[] = [];
  for (let at = text.indexOf(needle, from); at >= 0; at = text.indexOf(needle, at + needle.length)) places.push(at);
  return places;
}

/** Where the list is closed: behind its last item, on a line that is less indented. */
function closeOf(text: string, last: number, gap: string): number | undefined {
  const closing = new RegExp(`\\n[ \\t]{0,${gap.length - gap.lastIndexOf('\n') - 2}}\\]`, 'g');
  closing.lastIndex = last;
  const found = closing.exec(text);
  return found === null ? undefined : closing.lastIndex - 1;
}
