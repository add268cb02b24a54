import type { LineEdit } from './finding.ts';

/** The column, from 1, at which an edit changes its line: where it says, or the only place that it can mean. Undefined where that is unsure. */
export function columnOf({ source, find }: LineEdit, line: string): number | undefined {
  const at = source.column - 1;
  if (line.startsWith(find, at) && !isWithinWord(line, at, find)) return at + 1;
  // A sign stands in many places, and only one is meant.
  if (!/[A-Za-z0-9]/.test(find)) return undefined;
  const places: number[] = [];
  for (let place = line.indexOf(find); place >= 0; place = line.indexOf(find, place + 1))
    if (!isWithinWord(line, place, find)) places.push(place);
  return places.length === 1 ? places[0]! + 1 : undefined;
}

/** What an edit does, for people. */
export const editTitle = ({ find, replace }: LineEdit): string =>
  /[A-Za-z0-9]/.test(find)
    ? `Replace ${find} by ${replace}`
    : replace.trim() === ''
      ? `Remove ${find}`
      : `Add ${replace.replaceAll(/\s+/g, ' ').slice(2, -2)}`;

/** Whether the text found is a part of a longer word: `name` of `metadata.name`. */
function isWithinWord(line: string, place: number, find: string): boolean {
  const word = /[A-Za-z0-9._/-]/;
  const [before, after] = [line[place - 1] ?? ' ', line[place + find.length] ?? ' '];
  return (word.test(before) && word.test(find[0]!)) || (word.test(after) && word.test(find.at(-1)!));
}
