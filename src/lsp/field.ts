import { type Document, isMap, isScalar, isSeq, type Node, type Pair, parseAllDocuments, type Scalar } from 'yaml';
import type { FieldPath } from '#core/api/diagnostic.ts';

/** What stands at a place in a text of manifests. */
export interface Field {
  /** The object that it belongs to, as far as it can be read: an item of a List, or a document. */
  readonly object: unknown;
  /** The field within the object. */
  readonly path: FieldPath;
  /** The place is in the field's name, not in its value. */
  readonly isName: boolean;
  /** The offsets of the name or the scalar at the place. */
  readonly start: number;
  readonly end: number;
}

/** What is being typed at a place. Of a name the path is that of the map in which it stands. */
export interface TypedField extends Field {
  readonly isQuoted: boolean;
}

/** What stands at an offset, in a text that need not be sound. */
export function fieldAt(text: string, offset: number): Field | undefined {
  const segment = segmentAt(text, offset);
  const at = offset - segment.start;
  const isHere = ({ range }: Node): boolean => range != null && range[0] <= at && at <= range[1];
  for (const document of documentsIn(segment.text)) {
    const found = descend(document.contents as Node | null, [], isHere);
    if (found === undefined) continue;
    const [start, end] = found.scalar?.range ?? [0, 0];
    return { ...inObject(document, found), start: segment.start + start, end: segment.start + end };
  }
  return undefined;
}

/** Stands for what is about to be typed. */
const marker = 'zqjxhere';

/** A name alone on its line has no colon yet, and would be read as a part of the next. */
const withColons = (text: string): string => text.replaceAll(/^ *["']?[\w./-]+["']?(?= *\r?$)/gm, '$&:');

/** What is being typed at an offset: the field is there as if something stood there, in a text that need not be sound. */
export function fieldTyped(text: string, offset: number): TypedField | undefined {
  const segment = segmentAt(text, offset);
  const at = offset - segment.start;
  const marked = withColons(segment.text.slice(0, at) + marker + segment.text.slice(at));
  const isHere = (node: Node): boolean => isScalar(node) && String(node.value).includes(marker);
  for (const document of documentsIn(marked)) {
    const found = descend(document.contents as Node | null, [], isHere);
    if (found?.scalar === undefined) continue;
    const [before = '', after = ''] = String(found.scalar.value).split(marker);
    const field = inObject(document, found);
    return {
      ...field,
      path: found.isName ? field.path.slice(0, -1) : field.path,
      start: offset - before.length,
      end: offset + after.length,
      isQuoted: found.scalar.type !== 'PLAIN',
    };
  }
  return undefined;
}

/** The YAML document, or documents, between the lines that begin with `---` around an offset. */
function segmentAt(text: string, offset: number): { readonly text: string; readonly start: number } {
  let [start, end] = [0, text.length];
  for (const { index } of text.matchAll(/^---(?=\s|$)/gm)) {
    if (index + 3 <= offset) start = index + 3;
    else {
      end = index;
      break;
    }
  }
  return { text: text.slice(start, end), start };
}

const documentsIn = (text: string): Document[] =>
  parseAllDocuments(text, { uniqueKeys: false, strict: false, prettyErrors: false, logLevel: 'silent' }) as Document[];

/** A place in the nodes of a document. */
interface Found {
  readonly path: FieldPath;
  readonly isName: boolean;
  /** The name or scalar there; undefined in the blank between. */
  readonly scalar?: Scalar;
}

/** The innermost node that is here. */
function descend(node: Node | null, path: FieldPath, isHere: (node: Node) => boolean): Found | undefined {
  if (node === null) return undefined;
  if (isScalar(node)) return isHere(node) ? { path, isName: false, scalar: node } : undefined;
  const items: readonly unknown[] = isMap(node) || isSeq(node) ? node.items : [];
  for (const [index, item] of items.entries()) {
    const inner = isMap(node) ? inPair(item as Pair, path, isHere) : descend(item as Node | null, [...path, index], isHere);
    if (inner !== undefined) return inner;
  }
  return isHere(node) ? { path, isName: false } : undefined;
}

function inPair({ key, value }: Pair, path: FieldPath, isHere: (node: Node) => boolean): Found | undefined {
  if (!isScalar(key)) return undefined;
  const inner = [...path, String(key.value)];
  return isHere(key) ? { path: inner, isName: true, scalar: key } : descend(value as Node | null, inner, isHere);
}

function inObject(document: Document, { path, isName }: Found): Pick<Field, 'object' | 'path' | 'isName'> {
  const value = readable(document);
  const items = (value as { readonly items?: readonly unknown[] } | null)?.items;
  const isItem = path[0] === 'items' && typeof path[1] === 'number';
  return isItem ? { object: items?.[path[1] as number], path: path.slice(2), isName } : { object: value, path, isName };
}

/** The document as a value; nothing of one whose aliases lead nowhere. */
function readable(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}
