import { type Direction, directions } from '../api/types.ts';
import type { NamespaceDocument } from '../document/documentation.ts';
import type { Talk } from '../document/talks.ts';
import type { Names } from './documentation-words.ts';
import { drawPicture } from './draw-picture.ts';
import type { MatrixPicture } from './matrix-picture.ts';
import type { Link, Look, Thing } from './picture.ts';
import { count } from './text.ts';
import { shortList } from './thing-class.ts';
import { type Members, pairText, trafficText } from './traffic.ts';

/** Names of a node before the others are only counted, and edges. */
const mostNames = 5;
const mostEdges = 60;

/**
 * A namespace with everybody it has to do with: its workloads one by one, and others as the sets in which they may talk to one of them, so that
 * it can be read however many they are.
 */
export function namespacePicture({ name, workloads }: NamespaceDocument, names: Names): MatrixPicture {
  const sketch = new Sketch(name, names);
  for (const { endpoint } of workloads) sketch.addOwn(endpoint.id, (endpoint.pods ?? 2) > 1);
  for (const { endpoint, ...gates } of workloads)
    for (const direction of directions) for (const talk of gates[direction].talks) sketch.addTalk(endpoint.id, direction, talk);
  return sketch.picture();
}

class Sketch {
  readonly #namespace: string;
  readonly #names: Names;
  readonly #things: Thing[] = [];
  /** The places of things: workloads by their ids, sets of others by those of all of them. */
  readonly #places = new Map<string, number>();
  readonly #links = new Map<string, Link>();
  readonly #cells = new Map<string, Link>();
  readonly #own = new Set<string>();

  constructor(namespace: string, names: Names) {
    this.#namespace = namespace;
    this.#names = names;
  }

  addOwn(id: string, hasSelf: boolean): void {
    this.#own.add(id);
    const [name = id] = this.#names.of(new Set([id]));
    const short = name.startsWith(`${this.#namespace}/`) ? name.slice(this.#namespace.length + 1) : name;
    this.#place(id, { name: plain(short), shape: 'workload', box: this.#namespace, hasSelf });
  }

  addTalk(id: string, direction: Direction, talk: Talk): void {
    const link = this.#linkFor(talk, this.#names.membersOf(id, talk.others));
    const connect = (other: number): void => {
      const ends = [this.#places.get(id)!, other];
      this.#cells.set((direction === 'egress' ? ends : ends.reverse()).join(), link);
    };
    const strangers = new Set<string>();
    for (const other of talk.others)
      if (this.#own.has(other)) connect(this.#places.get(other)!);
      else strangers.add(other);
    if (strangers.size > 0) connect(this.#setOf(strangers));
  }

  #setOf(ids: ReadonlySet<string>): number {
    const words = this.#names.of(ids).map(plain);
    const key = words.join('\n');
    const isOutside = words.every((word) => word.includes('outside') || /^[\d.:a-f/ -]+$/.test(word));
    const shape = isOutside
      ? 'outside'
      : words.every((word) => word.endsWith('/*') || word.startsWith('every '))
        ? 'namespace'
        : 'everyone';
    return this.#places.get(key) ?? this.#place(key, { name: shortList(words, mostNames).join(', '), shape, hasSelf: false });
  }

  #place(key: string, thing: Thing): number {
    this.#places.set(key, this.#things.length);
    return this.#things.push(thing) - 1;
  }

  #linkFor({ traffic, partial, by, elsewhere, reason }: Talk, members: Members): Link {
    const label =
      partial !== undefined && traffic.length === 0 ? trafficText(partial) : pairText({ traffic, ...(partial && { partial }) }, members);
    const isOpen = by.length + elsewhere.length === 0 && reason !== 'rule' && reason !== 'tier';
    const look: Look = partial === undefined ? (isOpen ? 'open' : 'rule') : 'some';
    const key = `${look} ${label}`;
    const link = this.#links.get(key) ?? { label, look };
    this.#links.set(key, link);
    return link;
  }

  picture(): MatrixPicture {
    const picture = drawPicture(this.#things, (from, to) => this.#cells.get(`${from},${to}`), 'everybody here');
    const edges = picture.edges.slice(0, mostEdges);
    const left = picture.edges.length - edges.length;
    return { ...picture, edges, notes: left > 0 ? [`${count(left, 'more edge')} not drawn`] : [] };
  }
}

/** A name without what marks it up. */
const plain = (name: string): string => name.replaceAll('`', '');
