import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { formatPath } from '#core/api/diagnostic.ts';
import type { DuplicateKey } from './document.ts';
import { resolvePlain } from './plain-scalar.ts';

/** A fault in what a syntactically right document says. It ends the reading of the document. */
export class YamlFault extends Error {
  readonly offset: number;
  readonly code: 'syntax' | 'limit';

  constructor(node: Node | null, code: 'syntax' | 'limit', message: string) {
    super(message);
    this.offset = node?.range?.[0] ?? 0;
    this.code = code;
  }
}

/** More values than this through aliases are taken for an attack. Source: Go's YAML parser bears about as many in small documents. */
const mostAliased = 400_000;

/** What an anchor stands for. */
interface Anchored {
  readonly node: Node;
  readonly value: unknown;
  /** How many values it holds. */
  readonly size: number;
}

/** Reads the nodes of one document into plain JSON, as Kubernetes reads YAML. */
export class YamlValues {
  /** The names that stand twice in one map. */
  readonly duplicates: DuplicateKey[] = [];
  /** The node that an alias stands for. */
  readonly targets = new Map<Alias, Node>();
  readonly #greatestDepth: number;
  readonly #anchors = new Map<string, Anchored | 'open'>();
  readonly #path: (string | number)[] = [];
  #size = 0;
  #aliased = 0;

  constructor(greatestDepth: number) {
    this.#greatestDepth = greatestDepth;
  }

  /** The value of the node. Throws a YamlFault. */
  read(node: Node | null): unknown {
    this.#size++;
    if (node === null) return null;
    if (isAlias(node)) return this.#alias(node);
    const { anchor } = node;
    if (anchor === undefined) return this.#plain(node);
    const before = this.#size;
    this.#anchors.set(anchor, 'open');
    const value = this.#plain(node);
    this.#anchors.set(anchor, { node, value, size: this.#size - before + 1 });
    return value;
  }

  #plain(node: Node): unknown {
    if (isScalar(node)) return scalarOf(node);
    if (this.#path.length >= this.#greatestDepth) throw new YamlFault(node, 'limit', `nested deeper than ${this.#greatestDepth} levels`);
    if (isMap(node)) return this.#map(node);
    if (!isSeq(node)) throw new Error('a YAML node is a scalar, a map, a sequence or an alias');
    return node.items.map((item, index) => this.#at(index, item as Node | null));
  }

  #at(step: string | number, node: Node | null): unknown {
    this.#path.push(step);
    const value = this.read(node);
    this.#path.pop();
    return value;
  }

  /** Entries count in the order in which they stand, those that are merged in included. */
  #map(node: YAMLMap): unknown {
    const map: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      if (isMergeKey(pair.key)) {
        this.#merge(pair.value, map);
        continue;
      }
      const key = this.keyOf(pair.key);
      if (seen.has(key)) this.duplicates.push({ offset: pair.key.range![0], path: formatPath([...this.#path, key]) });
      seen.add(key);
      define(map, key, this.#at(key, pair.value));
    }
    return map;
  }

  /** Of several maps that are merged in, the first that has a name gives its value. */
  #merge(node: Node | null, into: Record<string, unknown>): void {
    const value = this.read(node);
    const maps = Array.isArray(value) ? value.toReversed() : [value];
    for (const map of maps) {
      if (typeof map !== 'object' || map === null || Array.isArray(map))
        throw new YamlFault(node, 'syntax', 'map merge requires map or sequence of maps as the value');
      for (const [key, item] of Object.entries(map)) define(into, key, item);
    }
  }

  /** A map's key as JSON spells it. Throws a YamlFault for a key that is no name, number or boolean. */
  keyOf(key: Node): string {
    const scalar = isAlias(key) ? this.#resolve(key).node : key;
    const value = isScalar(scalar) ? scalarOf(scalar) : null;
    if (value === null) throw new YamlFault(key, 'syntax', 'a key must be a text, a number or a boolean');
    return String(value);
  }

  #alias(alias: Alias): unknown {
    const { value, size } = this.#resolve(alias);
    this.#aliased += size;
    // What is merged or nested through this alias counts as often as it is written out.
    this.#size += size;
    if (this.#aliased > mostAliased) throw new YamlFault(alias, 'limit', 'document contains excessive aliasing');
    return value;
  }

  #resolve(alias: Alias): Anchored {
    const anchored = this.#anchors.get(alias.source);
    if (anchored === undefined) throw new YamlFault(alias, 'syntax', `unknown anchor '${alias.source}' referenced`);
    if (anchored === 'open') throw new YamlFault(alias, 'syntax', `anchor '${alias.source}' value contains itself`);
    this.targets.set(alias, anchored.node);
    return anchored;
  }
}

/** Whether the key merges other maps into its own: an unquoted `<<`. */
export const isMergeKey = (key: Node): boolean =>
  isScalar(key) && key.source === '<<' && (key.tag === undefined ? key.type === 'PLAIN' : key.tag === 'tag:yaml.org,2002:merge');

/** `__proto__` is a name like any other. */
function define(map: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  else map[key] = value;
}

const typedTags: Readonly<Record<string, string>> = { int: 'number', float: 'number', bool: 'boolean', null: 'object' };

function scalarOf(node: Scalar): unknown {
  const text = node.source ?? '';
  if (node.tag === undefined) return node.type === 'PLAIN' ? checked(node, resolvePlain(text)) : text;
  const tag = node.tag.startsWith('tag:yaml.org,2002:') ? node.tag.slice('tag:yaml.org,2002:'.length) : '';
  if (tag === 'binary') return decodeBase64(node, text);
  const type = typedTags[tag];
  if (type === undefined) return text;
  const value = checked(node, resolvePlain(text));
  const isWhole = tag !== 'int' || Number.isInteger(value);
  if (typeof value !== type || !isWhole) throw new YamlFault(node, 'syntax', `cannot decode !!str \`${text}\` as a !!${tag}`);
  return value;
}

/** JSON, which is what the API server gets, can't spell these numbers. */
function checked(node: Scalar, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new YamlFault(node, 'syntax', `unsupported value: ${node.source}`);
  return value;
}

function decodeBase64(node: Scalar, text: string): string {
  try {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new TextDecoder().decode(bytes);
  } catch {
    throw new YamlFault(node, 'syntax', '!!binary value contains invalid base64 data');
  }
}
