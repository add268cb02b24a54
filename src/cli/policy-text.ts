import type { Document, Node, YAMLMap, YAMLSeq } from 'yaml';
import { directions, type NetworkPolicy, type Peer, type PortMatch, type Rule } from '#core/api/types.ts';
import type { SimplerRule, Simplification } from '#core/generate/simplify.ts';
import { peerField, writtenPeer, writtenPort } from '#core/generate/written.ts';
import { isMap, isScalar, isSeq, parseAllDocuments, visit } from './yaml.ts';

/** A file whose policies are written anew, with everything else in it as it stands. */
export class PolicyText {
  readonly #text: string;
  readonly #defaultNamespace: string;
  readonly #documents: Document.Parsed[];
  readonly #changed = new Set<Document.Parsed>();

  constructor(text: string, defaultNamespace: string) {
    this.#text = text;
    this.#defaultNamespace = defaultNamespace;
    this.#documents = parseAllDocuments(text) as Document.Parsed[];
  }

  /** Writes the rules of a policy anew and returns the policy as YAML; undefined where that can't be done with what stands there. */
  change(change: Simplification): string | undefined {
    const found = this.#find(change.policy);
    if (found === undefined || hasAliases(found.document)) return undefined;
    const { document, map } = found;
    const lists = directions.flatMap((direction) => (change.rules[direction] ? [{ direction, list: map.getIn(['spec', direction]) }] : []));
    if (!lists.every(({ list }) => isSeq(list) && list.items.every((item) => isMap(item)))) return undefined;
    for (const { direction, list } of lists)
      rewrite(document, list as YAMLSeq<YAMLMap>, change.policy[direction]!, change.rules[direction]!, peerField[direction]);
    this.#changed.add(document);
    const shown = document.clone() as Document;
    shown.contents = map;
    if (map !== document.contents) shown.commentBefore = null;
    return shown.toString(this.#style());
  }

  #find({ name, namespace }: NetworkPolicy): { readonly document: Document.Parsed; readonly map: YAMLMap } | undefined {
    const isIt = (map: YAMLMap): boolean =>
      map.getIn(['metadata', 'name']) === name && (map.getIn(['metadata', 'namespace']) ?? this.#defaultNamespace) === namespace;
    for (const document of this.#documents) {
      const map = policiesIn(document).find(isIt);
      if (map !== undefined) return { document, map };
    }
    return undefined;
  }

  /** The whole text. */
  toString(): string {
    let end = 0;
    return this.#documents
      .map((document) => {
        const part = this.#text.slice(end, document.range[2]);
        end = document.range[2];
        return this.#changed.has(document) ? document.toString(this.#style()) : part;
      })
      .join('');
  }

  /** As the text is written: lists indented or not, braces with blanks or without. */
  #style(): { readonly lineWidth: number; readonly indentSeq: boolean; readonly flowCollectionPadding: boolean } {
    const isFlush = /^( *)[^\s#-][^\n]*:\n\1- /m.test(this.#text);
    return { lineWidth: 0, indentSeq: !isFlush, flowCollectionPadding: !/\{[^\s{}]/.test(this.#text) };
  }
}

/** The policies of a document: itself, or those in its list. */
function policiesIn({ contents }: Document): YAMLMap[] {
  if (!isMap(contents)) return [];
  const items = contents.get('items');
  const maps = isSeq(items) ? items.items : [contents];
  return maps.filter((map): map is YAMLMap => isMap(map) && map.get('kind') === 'NetworkPolicy');
}

/** A node that stands for another can't be moved. */
function hasAliases(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

/** Leaves the rules that are left: of nodes that are there already, with their comments, as far as they serve. */
function rewrite(
  document: Document,
  list: YAMLSeq<YAMLMap>,
  before: readonly Rule[],
  rules: readonly SimplerRule[],
  field: 'from' | 'to',
): void {
  const nodes = list.items;
  const known = new Map<object, Node>();
  for (const [index, { peers = [], ports = [] }] of before.entries()) {
    for (const [item, peer] of peers.entries()) known.set(peer, itemAt(nodes[index]!, field, item));
    for (const [item, port] of ports.entries()) known.set(port, itemAt(nodes[index]!, 'ports', item));
  }
  list.items = rules.map(({ rule, from }) => {
    const node = nodes[from[0]!]!;
    setItems<Peer>(document, node, field, rule.peers, known, writtenPeer);
    setItems<PortMatch>(document, node, 'ports', rule.ports, known, writtenPort);
    return node;
  });
}

const itemAt = (rule: YAMLMap, field: string, item: number): Node => (rule.get(field) as YAMLSeq).items[item] as Node;

function setItems<T extends object>(
  document: Document,
  rule: YAMLMap,
  field: string,
  items: readonly T[] | undefined,
  known: ReadonlyMap<object, Node>,
  write: (item: T) => object,
): void {
  if (items === undefined) {
    rule.delete(field);
    return;
  }
  const nodes = items.map((item) => {
    const node = known.get(item);
    // A list item that is null means something: what it says is written out.
    return node === undefined || isScalar(node) ? document.createNode(write(item)) : node;
  });
  (rule.get(field) as YAMLSeq).items = nodes;
}
