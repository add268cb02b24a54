import type { Link, PictureNode, Shape, Thing } from './picture.ts';

/** Names that a node lists before the others are only counted. */
const mostNames = 6;

/** The first names, and how many there are more. */
export const shortList = (names: readonly string[], most = mostNames): readonly string[] =>
  names.length <= most ? names : [...names.slice(0, most - 1), `and ${names.length - most + 1} more`];

/** A namespace with the classes in it. */
export interface Box {
  readonly id: string;
  readonly name: string;
  readonly classes: ThingClass[];
  note?: string;
}

/** Things that are alike, as one node. */
export class ThingClass {
  readonly id: string;
  readonly first: number;
  readonly box: string | undefined;
  readonly shape: Shape;
  /** What each leads to itself, and to the others of the class. */
  readonly self: Link | undefined;
  readonly others: Link | undefined;
  readonly hasSelf: boolean;
  /** Whether one of them could lead to itself, and does not. */
  readonly #isSevered: boolean;
  readonly #names: readonly string[];

  constructor(id: string, members: readonly number[], things: readonly Thing[], linkOf: (from: number, to: number) => Link | undefined) {
    const [first, second] = members as [number, number?];
    this.id = id;
    this.first = first;
    this.box = things[first]!.box;
    this.shape = things[first]!.shape;
    const several = members.find((member) => things[member]!.hasSelf) ?? first;
    this.self = linkOf(several, several);
    this.others = second === undefined ? undefined : linkOf(first, second);
    this.#isSevered = things[several]!.hasSelf && this.self === undefined;
    this.hasSelf = things[several]!.hasSelf || second !== undefined;
    this.#names = members.map((member) => things[member]!.name);
  }

  /** Its names, each with the box it stands in. */
  get wholeNames(): string[] {
    return this.#names.map((name) => (this.box === undefined || this.shape === 'outside' ? name : `${this.box}/${name}`));
  }

  get isOne(): boolean {
    return this.#names.length === 1;
  }

  get hasInner(): boolean {
    return this.self !== undefined || this.others !== undefined;
  }

  /** The link among its members, where that is the same for itself and for others. */
  get inner(): Link | undefined {
    if (this.isOne) return this.self;
    return this.self === this.others || (this.self === undefined && !this.#isSevered) ? this.others : undefined;
  }

  node(saysInner: boolean): PictureNode {
    return { id: this.id, shape: this.shape, lines: [...shortList(this.#names), ...(saysInner ? this.#innerLines() : [])] };
  }

  #innerLines(): string[] {
    const { self, others } = this;
    if (this.isOne) return self === undefined ? [] : [`(within: ${labelOf(self)})`];
    if (self === others) return self === undefined ? [] : [`(among them: ${labelOf(self)})`];
    return [
      ...(self === undefined ? [] : [`(within each: ${labelOf(self)})`]),
      ...(others === undefined ? [] : [`(with each other: ${labelOf(others)})`]),
    ];
  }
}

/** A link in the text of a node, where it has no colour. */
export const labelOf = ({ label, look }: Link): string => (look === 'some' ? `${label} for some` : label);
