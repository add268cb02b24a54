import { Composer, type Document, isAlias, isMap, isSeq, type Node, type Pair, type ParsedNode, Parser, Schema, type YAMLSeq } from 'yaml';
import type { FieldPath } from '#core/api/diagnostic.ts';
import { duplicateKeys, greatestDepth, type ManifestDocument, unreadable } from './document.ts';
import type { SourceText } from './text.ts';
import { isMergeKey, YamlFault, YamlValues } from './yaml-value.ts';

/** A YAML document takes some 80 times its size in memory; what is larger must come as JSON. In UTF-16 units. */
const longestText = 32 * 1024 * 1024;

/** Scalars are left as texts here: what they mean is for YamlValues to say. One schema serves all documents. */
const texts = new Schema({ schema: 'failsafe', resolveKnownTags: false });

/** Reads the YAML documents of a part of the text with the library: all of the language. Empty ones are left out. */
export function* readYaml(source: SourceText, start: number, end: number): Generator<ManifestDocument> {
  if (end - start > longestText) {
    yield unreadable(source, start, 'limit', 'a YAML text of more than 32 MiB is not read: write it as JSON');
    return;
  }
  const composer = new Composer({ schema: texts, strict: true, uniqueKeys: false, keepSourceTokens: true, prettyErrors: false });
  const part = source.text.slice(start, end);
  const control = /[^\P{Cc}\t\n\r\u0085]/u.exec(part);
  if (control !== null) {
    yield unreadable(source, start + control.index, 'encoding', 'control characters are not allowed');
    return;
  }
  for (const document of composer.compose(new Parser().parse(part))) {
    const read = readDocument(source, start, document);
    if (read !== undefined) yield read;
  }
  const [error] = composer.streamInfo().errors;
  if (error !== undefined) yield unreadable(source, start + error.pos[0], 'syntax', lowerFirst(error.message));
}

function readDocument(source: SourceText, base: number, document: Document<ParsedNode>): ManifestDocument | undefined {
  const [error] = document.errors;
  if (error !== undefined) {
    const code = error.code === 'RESOURCE_EXHAUSTION' ? 'limit' : 'syntax';
    return unreadable(
      source,
      base + error.pos[0],
      code,
      code === 'limit' ? `nested deeper than ${greatestDepth} levels` : lowerFirst(error.message),
    );
  }
  const { contents } = document;
  const values = new YamlValues(greatestDepth);
  try {
    const value = values.read(contents);
    if (value === null) return undefined;
    const places = new YamlPlaces(source.text, base, contents as Node, values);
    return {
      value,
      place: (path) => source.sourceAt(places.offsetOf(path)),
      diagnostics: duplicateKeys(source, base, values.duplicates),
    };
  } catch (fault) {
    if (fault instanceof YamlFault) return unreadable(source, base + fault.offset, fault.code, fault.message);
    throw fault;
  }
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** Finds the places of fields in the nodes of a document. */
class YamlPlaces {
  readonly #text: string;
  readonly #base: number;
  readonly #root: Node;
  readonly #values: YamlValues;
  readonly #dashes = new Map<YAMLSeq, readonly number[]>();

  constructor(text: string, base: number, root: Node, values: YamlValues) {
    this.#text = text;
    this.#base = base;
    this.#root = root;
    this.#values = values;
  }

  /**
   * The offset of the value at the path, else of the nearest value around it. Of a value that begins on a later line than its
   * name it is that of the name, of a list item that of its dash.
   */
  offsetOf(path: FieldPath): number {
    let node: Node | null = this.#root;
    let offset = this.#base + (node.range?.[0] ?? 0);
    for (const step of path) {
      const next = this.#step(node, step);
      if (next === undefined) break;
      [offset, node] = next;
    }
    return offset;
  }

  #step(start: Node | null, step: string | number): [offset: number, node: Node | null] | undefined {
    const node = isAlias(start) ? this.#values.targets.get(start) : start;
    if (isSeq(node) && typeof step === 'number' && step < node.items.length) return this.#item(node, step);
    return isMap(node) && typeof step === 'string' ? this.#entry(node.items as Pair<Node, Node | null>[], step) : undefined;
  }

  #item(list: YAMLSeq, index: number): [number, Node | null] {
    const item = list.items[index] as Node;
    let dashes = this.#dashes.get(list);
    if (dashes === undefined) {
      dashes = dashesOf(list);
      this.#dashes.set(list, dashes);
    }
    return [this.#base + (dashes[index] ?? item.range![0]), item];
  }

  /** The last entry of that name counts, be it merged in. */
  #entry(pairs: readonly Pair<Node, Node | null>[], name: string): [number, Node | null] | undefined {
    for (const { key, value } of pairs.toReversed()) {
      if (isMergeKey(key)) {
        const merged = this.#merged(value, name);
        if (merged !== undefined) return merged;
      } else if (this.#values.keyOf(key) === name) {
        const [from, at] = [key.range![0], value?.range?.[0] ?? key.range![0]];
        const isBelow = this.#text.slice(this.#base + from, this.#base + at).includes('\n');
        return [this.#base + (isBelow || value?.range?.[1] === at ? from : at), value];
      }
    }
    return undefined;
  }

  #merged(start: Node | null, name: string): [number, Node | null] | undefined {
    const node = isAlias(start) ? this.#values.targets.get(start) : start;
    for (const map of isSeq(node) ? (node.items as Node[]) : [node ?? null]) {
      const found = this.#step(map, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** The offsets of a block list's dashes; none of a list in brackets. */
function dashesOf(list: YAMLSeq): readonly number[] {
  const token = list.srcToken;
  if (token?.type !== 'block-seq') return [];
  return token.items.flatMap(({ start }) => start.filter(({ type }) => type === 'seq-item-ind').map(({ offset }) => offset));
}
