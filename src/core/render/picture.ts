import { alikeClasses } from './alike.ts';
import { Edges, everyoneId } from './picture-edges.ts';
import { type Box, ThingClass } from './thing-class.ts';

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

/**
 * Draws things and links with few nodes and edges: things that are alike are one node, a box stands for all in it, and one node
 * `everyone` for all workloads or namespaces, and where many have the same at their other end, one node stands for them. Things without
 * any link are left out.
 */
export function drawPicture(things: readonly Thing[], linkOf: (from: number, to: number) => Link | undefined, everyone: string): Picture {
  const classes = alikeClasses({
    size: things.length,
    familyOf: (thing) => `${things[thing]!.shape} ${things[thing]!.box}`,
    between: linkOf,
    hasSelf: (thing) => things[thing]!.hasSelf,
  }).map((members, index) => new ThingClass(`n${index}`, members, things, linkOf));
  const boxes = new Map<string, Box>();
  for (const each of classes) {
    if (each.box === undefined) continue;
    const box = boxes.get(each.box) ?? { id: `b${boxes.size}`, name: each.box, classes: [] };
    boxes.set(each.box, box);
    box.classes.push(each);
  }
  const drawn = new Edges(classes, [...boxes.values()], linkOf, everyone);
  const edges = drawn.draw();
  const used = new Set([...edges.flatMap(({ from, to }) => [from, to]), ...drawn.sets().flatMap(({ members = [] }) => members)]);
  const isShown = (each: ThingClass): boolean =>
    used.has(each.id) || each.hasInner || (used.has(everyoneId) && drawn.isAmongEveryone(each));
  const shownBoxes = [...boxes.values()].flatMap((box) => {
    const isWhole = used.has(box.id) || box.note !== undefined;
    const nodes = box.classes.filter((each) => isWhole || isShown(each)).map((each) => each.node(box.note === undefined));
    return nodes.length === 0 ? [] : [{ id: box.id, name: box.name, ...(box.note !== undefined && { note: box.note }), nodes }];
  });
  const loose = classes.filter((each) => each.box === undefined && isShown(each));
  const everyoneNode: PictureNode[] = used.has(everyoneId) ? [{ id: everyoneId, lines: [everyone], shape: 'everyone' }] : [];
  return { boxes: shownBoxes, nodes: [...everyoneNode, ...drawn.sets(), ...loose.map((each) => each.node(true))], edges };
}
