/** How a thing is drawn. */
export type Shape = 'workload' | 'namespace' | 'node' | 'outside' | 'potential' | 'everyone';

/** How a connection is drawn: let through by a rule, open because nothing isolates either end, or only between some of the ends. */
export type Look = 'rule' | 'open' | 'some';

/** Something that has connections, before it is drawn. */
export interface Thing {
  readonly name: string;
  readonly shape: Shape;
  /** The box that it stands in. */
  readonly box?: string;
  /** Whether it stands for several, which may have connections with each other. */
  readonly hasSelf: boolean;
}

/** What leads from one thing to another. Equal links are one object. */
export interface Link {
  readonly label: string;
  readonly look: Look;
}

/** A node of a picture: lines of text in a shape. */
export interface PictureNode {
  readonly id: string;
  readonly lines: readonly string[];
  readonly shape: Shape;
  /** Of a node that stands for several others: their ids. */
  readonly members?: readonly string[];
}

/** A namespace with its nodes. */
export interface PictureBox {
  readonly id: string;
  readonly name: string;
  /** What all in it may do with each other. */
  readonly note?: string;
  readonly nodes: readonly PictureNode[];
}

/** Ends are ids of nodes or of boxes; a box means all that stands in it. */
export interface PictureEdge extends Link {
  readonly from: string;
  readonly to: string;
  /** Whether the same leads back. */
  readonly isMutual: boolean;
}

/** What a writer of pictures draws. */
export interface Picture {
  readonly boxes: readonly PictureBox[];
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
}
