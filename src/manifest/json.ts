import { type FieldPath, formatPath } from '#core/api/diagnostic.ts';
import type { DuplicateKey } from './document.ts';
import { readListedItems } from './json-list.ts';

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const colon = 0x3a;
const comma = 0x2c;

/** How far an object or list reaches. */
interface Extent {
  /** The offset behind its closing bracket. */
  readonly end: number;
  readonly depth: number;
  /** How many names its objects have, each as often as it is written. */
  readonly names: number;
}

/** The offsets of the items of lists, by the offsets of their brackets. */
type Lists = ReadonlyMap<number, readonly number[]>;

/** A JSON object or list in a text. */
export interface JsonValue {
  readonly value: unknown;
  readonly end: number;
  readonly hasDuplicates: boolean;
  /** Those that hold everything else, as `items` of what kubectl writes: their items are found on the way. */
  readonly lists: Lists;
}

/**
 * Reads the JSON object or list that begins at `start`. The platform's parser reads it; where it ends, how deep it is and whether names are lost
 * as duplicates is found beside that, if need be with a look at every character. With `end`, what is before it may be one list as kubectl
 * writes it, which is read faster; it is looked through for that, so of many values in a text only the first may be asked. Undefined when it is
 * not JSON.
 */
export function readJson(text: string, start: number, greatestDepth: number, end?: number): JsonValue | 'too deep' | undefined {
  const listed = end === undefined ? undefined : readListed(text, start, greatestDepth, end);
  return listed ?? readScanned(text, start, greatestDepth);
}

/** Reads a list as kubectl writes it, which most large texts are, in a fifth of the time. */
function readListed(text: string, start: number, greatestDepth: number, end: number): JsonValue | 'too deep' | undefined {
  const list = readListedItems(text, start, end);
  if (list === undefined) return undefined;
  const { value, bracket, items } = list;
  const names = namesOf(value, greatestDepth);
  if (names === Number.POSITIVE_INFINITY) return 'too deep';
  // What looks like a name can be within a string, so there may be less of them, and none is a duplicate only if there are not.
  const written = text.slice(start, end);
  if (countOf(quotedBeforeColon, written) !== names && countOf(nameBeforeColon, written) !== names) return undefined;
  return { value, end, hasDuplicates: false, lists: new Map([[bracket, items]]) };
}

function readScanned(text: string, start: number, greatestDepth: number): JsonValue | 'too deep' | undefined {
  const lists = new OutermostLists(text);
  const extent = scan(text, start, greatestDepth, lists);
  if (extent === undefined) return undefined;
  if (extent.depth > greatestDepth) return 'too deep';
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start, extent.end));
  } catch {
    return undefined;
  }
  return { value, end: extent.end, hasDuplicates: namesOf(value, greatestDepth) !== extent.names, lists: lists.found };
}

/** Finds the bracket that closes the one at `start`. Says nothing of a text that is not JSON. */
function scan(text: string, start: number, greatestDepth: number, lists?: OutermostLists): Extent | undefined {
  let depth = 0;
  let deepest = 0;
  let names = 0;
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at) - 1;
        if (at < 0) return undefined;
        break;
      case colon:
        names++;
        break;
      case comma:
        lists?.separated(at, depth);
        break;
      case openBrace:
      case openBracket:
        deepest = Math.max(deepest, ++depth);
        if (deepest > greatestDepth) return { end: at, depth: deepest, names };
        lists?.opened(at, depth);
        break;
      case closeBrace:
      case closeBracket:
        if (--depth === 0) return { end: at + 1, depth: deepest, names };
    }
  }
  return undefined;
}

/** How deep lists are whose items are kept: the value itself, and its fields. */
const outermost = 2;

/** Notes where the items of the outermost lists are, while a text is scanned. */
class OutermostLists {
  readonly found = new Map<number, number[]>();
  readonly #text: string;
  /** The items of what is open, by depth; undefined for an object. */
  readonly #open: (number[] | undefined)[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  opened(at: number, depth: number): void {
    if (depth > outermost) return;
    this.#open[depth] = undefined;
    if (this.#text.charCodeAt(at) !== openBracket) return;
    const first = skipBlanks(this.#text, at + 1);
    const items = this.#text.charCodeAt(first) === closeBracket ? [] : [first];
    this.#open[depth] = items;
    this.found.set(at, items);
  }

  separated(at: number, depth: number): void {
    if (depth <= outermost) this.#open[depth]?.push(skipBlanks(this.#text, at + 1));
  }
}

/** The offset behind the closing quote of the string at `start`, or -1. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let first = at;
    while (text.charCodeAt(first - 1) === backslash) first--;
    if ((at - first) % 2 === 0) return at + 1;
  }
  return -1;
}

/** How many names the objects of a value have; infinitely many where it is deeper than it may be. */
function namesOf(value: unknown, greatestDepth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (greatestDepth === 0) return Number.POSITIVE_INFINITY;
  let names = 0;
  if (Array.isArray(value)) for (const item of value) names += namesOf(item, greatestDepth - 1);
  else
    for (const name in value) {
      names++;
      const item = (value as Readonly<Record<string, unknown>>)[name];
      if (typeof item === 'object') names += namesOf(item, greatestDepth - 1);
    }
  return names;
}

/** A quote with a colon behind it: of all names, of strings that begin with a colon, and of names in strings that hold JSON. */
const quotedBeforeColon = /"[ \t\r\n]*:/g;

/** The same without those in strings that hold JSON, for which an engine has to look back, which takes some of them long. */
const nameBeforeColon = /(?<!\\)(?:\\\\)*"[ \t\r\n]*:/g;

function countOf(pattern: RegExp, text: string): number {
  pattern.lastIndex = 0;
  let count = 0;
  while (pattern.test(text)) count++;
  return count;
}

/** A name of an object, or a list's item, in a text. */
interface Member {
  /** The name, or the item's number. */
  readonly step: string | number;
  /** Where the name begins, of an item its value. */
  readonly from: number;
  /** Where the value begins. */
  readonly at: number;
}

/** Found by the engine: what kubectl writes is half blanks. */
const noBlank = /[^ \t\r\n]/g;

function skipBlanks(text: string, start: number): number {
  if (text.charCodeAt(start) > 0x20) return start;
  noBlank.lastIndex = start;
  return noBlank.test(text) ? noBlank.lastIndex - 1 : text.length;
}

/** The offset behind the value at `start`. The text is known to be JSON. */
function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === quote) return endOfString(text, start);
  if (first === openBrace || first === openBracket) return endOfBrackets(text, start);
  let at = start;
  for (let unit = first; unit > 0x20 && unit !== comma && unit !== closeBrace && unit !== closeBracket; unit = text.charCodeAt(at)) at++;
  return at;
}

/** What opens and closes, and what may hide that. */
const bracketOrQuote = /["{}[\]]/g;

/** The offset behind the bracket that closes the one at `start`. */
function endOfBrackets(text: string, start: number): number {
  let depth = 0;
  for (let at = start; ; ) {
    const unit = text.charCodeAt(at);
    if (unit === openBrace || unit === openBracket) depth++;
    else if (unit !== quote && --depth === 0) return at + 1;
    bracketOrQuote.lastIndex = unit === quote ? endOfString(text, at) : at + 1;
    if (!bracketOrQuote.test(text)) return text.length;
    at = bracketOrQuote.lastIndex - 1;
  }
}

/** The members of the object or list at `start`, found one after the other. The text is known to be JSON. */
function* membersOf(text: string, start: number): Generator<Member> {
  const isObject = text.charCodeAt(start) === openBrace;
  let from = skipBlanks(text, start + 1);
  for (let index = 0; text.charCodeAt(from) !== (isObject ? closeBrace : closeBracket); index++) {
    let step: string | number = index;
    let at = from;
    if (isObject) {
      const end = endOfString(text, from);
      step = nameIn(text, from, end);
      at = skipBlanks(text, skipBlanks(text, end) + 1);
    }
    yield { step, from, at };
    from = skipBlanks(text, endOfValue(text, at));
    if (text.charCodeAt(from) === comma) from = skipBlanks(text, from + 1);
  }
}

/** The name between these quotes. */
function nameIn(text: string, start: number, end: number): string {
  const name = text.slice(start + 1, end - 1);
  return name.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : name;
}

/** The names that stand twice in one object, in the order of the text. */
export function* duplicatesOf(text: string, start: number, path: FieldPath = []): Generator<DuplicateKey> {
  const first = text.charCodeAt(start);
  if (first !== openBrace && first !== openBracket) return;
  const seen = new Set<string | number>();
  for (const { step, from, at } of membersOf(text, start)) {
    const member = [...path, step];
    if (seen.has(step)) yield { offset: from, path: formatPath(member) };
    seen.add(step);
    yield* duplicatesOf(text, at, member);
  }
}

/** Lists longer than this keep the places of their items once these are known. */
const longList = 32;

/** Finds the places of fields in a JSON text by reading it again, from the outside inwards. */
export class JsonPlaces {
  readonly #text: string;
  readonly #lists: Map<number, readonly number[]>;
  readonly #hasDuplicates: boolean;
  /** The way to what was asked for last, and the offsets along it: the next question is mostly about something near. */
  readonly #way: (string | number)[] = [];
  readonly #offsets: number[];

  /** Of a value that begins at `start`. */
  constructor(text: string, start: number, { hasDuplicates, lists }: Pick<JsonValue, 'hasDuplicates' | 'lists'>) {
    this.#text = text;
    this.#offsets = [start];
    this.#hasDuplicates = hasDuplicates;
    this.#lists = new Map(lists);
  }

  /** The offset of the value at the path, else of the nearest value around it. */
  offsetOf(path: FieldPath): number {
    let known = 0;
    while (known < this.#way.length && this.#way[known] === path[known]) known++;
    this.#way.length = known;
    this.#offsets.length = known + 1;
    for (const step of path.slice(known)) {
      const next = this.#member(this.#offsets.at(-1)!, step);
      if (next === undefined) break;
      this.#way.push(step);
      this.#offsets.push(next);
    }
    return this.#offsets.at(-1)!;
  }

  #member(start: number, step: string | number): number | undefined {
    const first = this.#text.charCodeAt(start);
    if (typeof step === 'number') return first === openBracket ? this.#items(start)[step] : undefined;
    if (first !== openBrace) return undefined;
    let found: number | undefined;
    for (const member of membersOf(this.#text, start)) {
      if (member.step !== step) continue;
      found = member.at;
      // Of duplicates the last one counts.
      if (!this.#hasDuplicates) break;
    }
    return found;
  }

  #items(start: number): readonly number[] {
    const known = this.#lists.get(start);
    if (known !== undefined) return known;
    const items = Array.from(membersOf(this.#text, start), ({ at }) => at);
    if (items.length > longList) this.#lists.set(start, items);
    return items;
  }
}
