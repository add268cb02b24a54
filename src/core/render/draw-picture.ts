import { alikeClasses } from './alike.ts';
import type { Link, Picture, PictureNode, Thing } from './picture.ts';
import { Edges, everyoneId } from './picture-edges.ts';
import { type Box, ThingClass } from './thing-class.ts';

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
