import type { Link, PictureEdge, PictureNode } from './picture.ts';
import { type Box, labelOf, shortList, type ThingClass } from './thing-class.ts';

/** The node that stands for all workloads, or all namespaces. */
export const everyoneId = 'everyone';

/** Ends with the same at their other end, from which on one node stands for them. */
const fewestInSet = 5;
/** Names that such a node lists, and exceptions. */
const mostInSet = 10;
const mostExceptions = 4;

/** Where edges of a link meet: a class, or something that stands for several, and the box in which it is. */
interface OtherEnd {
  readonly end: ThingClass | undefined;
  readonly box: string | undefined;
  readonly link: Link;
}

/** Two edges there and back as one. */
function withoutReturns(edges: readonly (readonly [from: string, to: string])[]): Pick<PictureEdge, 'from' | 'to' | 'isMutual'>[] {
  const keys = new Set(edges.map(([from, to]) => `${from} ${to}`));
  return edges.flatMap(([from, to]) => {
    const isMutual = from !== to && keys.has(`${to} ${from}`);
    return isMutual && from > to ? [] : [{ from, to, isMutual }];
  });
}

/** Finds edges between classes, boxes and everyone that say together what the links say. */
export class Edges {
  readonly #classes: readonly ThingClass[];
  readonly #boxes: readonly Box[];
  readonly #linkOf: (from: number, to: number) => Link | undefined;
  /** Whom `everyone` means, and what they are called. */
  readonly #everyone: readonly ThingClass[];
  readonly #everyoneName: string;
  readonly #sets = new Map<string, PictureNode>();

  constructor(
    classes: readonly ThingClass[],
    boxes: readonly Box[],
    linkOf: (from: number, to: number) => Link | undefined,
    everyoneName: string,
  ) {
    this.#classes = classes;
    this.#boxes = boxes;
    this.#linkOf = linkOf;
    this.#everyone = classes.filter(({ shape }) => shape === 'workload' || shape === 'namespace');
    this.#everyoneName = everyoneName;
  }

  isAmongEveryone(each: ThingClass): boolean {
    return this.#everyone.includes(each);
  }

  /** The nodes that stand for several of others, once the edges are drawn. */
  sets(): PictureNode[] {
    return [...this.#sets.values()];
  }

  draw(): PictureEdge[] {
    this.#noteWholeBoxes();
    const targets = new Map<Link, Map<ThingClass, string[]>>();
    for (const from of this.#classes)
      for (const [link, reached] of this.#reach(from)) {
        const rows = targets.get(link) ?? new Map<ThingClass, string[]>();
        targets.set(link, rows);
        rows.set(from, this.#lift(reached, from, link));
      }
    return [...targets].flatMap(([link, rows]) => withoutReturns(this.#liftSources(rows, link)).map((edge) => ({ ...edge, ...link })));
  }

  /** A box in which everybody may do the same with everybody says so itself, and needs no edges inside. */
  #noteWholeBoxes(): void {
    for (const box of this.#boxes) {
      const { classes } = box;
      const links = new Set(
        classes.flatMap((from) => classes.flatMap((to) => (from === to && !from.hasSelf ? [] : [this.#within(from, to)]))),
      );
      const [link] = links;
      if (links.size === 1 && link !== undefined && classes.length > 1) box.note = `among them: ${labelOf(link)}`;
    }
  }

  #within(from: ThingClass, to: ThingClass): Link | undefined {
    return from === to ? from.inner : this.#linkOf(from.first, to.first);
  }

  /** For each link whom the class reaches by it; what is said by a node or a box itself is left out. */
  #reach(from: ThingClass): Map<Link, Set<ThingClass>> {
    const noted = this.#boxes.find(({ note, name }) => note !== undefined && name === from.box);
    const reached = new Map<Link, Set<ThingClass>>();
    for (const to of this.#classes) {
      const link = to === from || noted?.classes.includes(to) ? undefined : this.#linkOf(from.first, to.first);
      if (link === undefined) continue;
      reached.set(link, (reached.get(link) ?? new Set()).add(to));
    }
    return reached;
  }

  /** Those reached as few ids. */
  #lift(reached: ReadonlySet<ThingClass>, from: ThingClass, link: Link): string[] {
    return this.#idsOf(reached, { end: from, box: from.box, link }, true);
  }

  /** Sources of the same target as few ids. */
  #liftSources(rows: ReadonlyMap<ThingClass, readonly string[]>, link: Link): [from: string, to: string][] {
    const sources = new Map<string, Set<ThingClass>>();
    for (const [from, ids] of rows) for (const id of ids) sources.set(id, (sources.get(id) ?? new Set()).add(from));
    return [...sources].flatMap(([to, from]) => {
      const target = this.#classes.find(({ id }) => id === to);
      const box = target?.box ?? this.#boxes.find(({ id }) => id === to)?.name;
      return this.#idsOf(from, { end: target, box, link }, to !== everyoneId).map((id): [string, string] => [id, to]);
    });
  }

  /**
   * Classes as few ids: everyone, whole boxes but that of the other end, a set of many, single classes. The other end itself need not
   * be among everyone, unless it is several things that do not have the same among each other.
   */
  #idsOf(classes: ReadonlySet<ThingClass>, other: OtherEnd, canBeEveryone: boolean): string[] {
    const rest = new Set(classes);
    const ids: string[] = [];
    const take = (id: string, taken: readonly ThingClass[]): void => {
      ids.push(id);
      for (const each of taken) rest.delete(each);
    };
    const { end, box, link } = other;
    const isAll = this.#everyone.every((each) => rest.has(each) || (each === end && (each.isOne || each.others === link)));
    if (canBeEveryone && this.#everyone.length > 2 && isAll && this.#isSpread(this.#everyone)) take(everyoneId, this.#everyone);
    for (const { id, name, classes } of this.#boxes)
      if (classes.length > 1 && name !== box && classes.every((each) => rest.has(each))) take(id, classes);
    if (rest.size >= fewestInSet) take(this.#setOf([...rest]), [...rest]);
    return [...ids, ...Array.from(rest, ({ id }) => id)];
  }

  #isSpread(classes: readonly ThingClass[]): boolean {
    return classes[0]?.box === undefined || new Set(classes.map(({ box }) => box)).size > 1;
  }

  /** The node that stands for these. */
  #setOf(classes: readonly ThingClass[]): string {
    const members = classes.map(({ id }) => id);
    const key = members.join();
    const known = this.#sets.get(key) ?? { id: `s${this.#sets.size}`, lines: this.#setLines(classes), shape: 'everyone' as const, members };
    this.#sets.set(key, known);
    return known.id;
  }

  #setLines(classes: readonly ThingClass[]): readonly string[] {
    const namesOf = (some: readonly ThingClass[]): string[] => some.flatMap(({ wholeNames }) => wholeNames);
    const exceptions = namesOf(this.#everyone.filter((each) => !classes.includes(each)));
    const isInside = classes.every((each) => this.#everyone.includes(each));
    const names = namesOf(classes);
    if (!isInside || exceptions.length > mostExceptions || exceptions.length * 2 > names.length) return shortList(names, mostInSet);
    return [`${this.#everyoneName} but`, ...exceptions];
  }
}
