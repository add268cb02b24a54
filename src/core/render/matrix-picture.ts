import type { ConnectionAnswer } from '../connectivity/answers.ts';
import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import { allowanceOf } from './allowance.ts';
import { mark } from './blocks.ts';
import { type Group, groupsOf, isSingle, membersOf, namesOf } from './crowd.ts';
import { dependenceNotes, markLegend } from './dependence.ts';
import { drawPicture } from './draw-picture.ts';
import { type MatrixView, moreText, rolledUp } from './matrix-view.ts';
import { outsideNames } from './outside.ts';
import type { Link, Look, Picture, Shape, Thing } from './picture.ts';
import { type GroupPair, isUniform } from './rollup.ts';
import { count, wrapProse } from './text.ts';
import { type Members, pairText, setText, trafficText } from './traffic.ts';

/** A picture of a matrix, with what is to be said below it. */
export interface MatrixPicture extends Picture {
  readonly notes: readonly string[];
}

/** Beyond these a picture of workloads is one of namespaces instead, unless it was asked for. */
const mostThings = 400;
const mostNodes = 50;
const mostEdges = 80;
/** Beyond this no picture can be read, and edges are left out; said in the picture. */
const mostEdgesAtAll = 200;
/** Beyond this the addresses outside are one node. */
const mostOutside = 6;
/** Longer notes would make the picture wider than what it shows. */
const noteColumns = 100;

/** Draws a matrix: by workload as long as that can be read, else by namespace. */
export function pictureOf(view: MatrixView): MatrixPicture {
  const { by, shown } = view;
  const byWorkload = by === 'namespace' || (by === undefined && shown.endpoints.length > mostThings) ? undefined : workloadPicture(view);
  if (byWorkload !== undefined && (by === 'workload' || isReadable(byWorkload))) return withNotes(byWorkload, view, []);
  return withNotes(namespacePicture(view), view, [moreText(view, 'namespace') ?? []].flat());
}

interface Sketch extends Picture {
  readonly hidesOwnNodes: boolean;
}

const isReadable = ({ boxes, nodes, edges }: Picture): boolean =>
  edges.length <= mostEdges && boxes.reduce((sum, box) => sum + box.nodes.length, nodes.length) <= mostNodes;

function withNotes({ hidesOwnNodes, ...picture }: Sketch, { shown }: MatrixView, first: readonly string[]): MatrixPicture {
  const edges = picture.edges.slice(0, mostEdgesAtAll);
  return {
    ...picture,
    edges,
    notes: [
      ...first,
      ...(edges.length < picture.edges.length
        ? [`only ${edges.length} of ${count(picture.edges.length, 'edge')} are drawn: narrow it with -n, --workload or --port`]
        : []),
      count(shown.endpoints.length, 'endpoint'),
      ...(hidesOwnNodes ? ['pods and their own nodes may always talk; not drawn'] : []),
      ...(edges.some(({ label }) => label.endsWith(mark)) ? [markLegend] : []),
      ...dependenceNotes(shown.choices ?? []).flatMap((note) => wrapProse(note, noteColumns, '  ')),
    ],
  };
}

/** Links by their text and look, each one object. */
class Links {
  readonly #known = new Map<string, Link>();

  of(label: string, look: Look): Link {
    const key = `${look} ${label}`;
    const known = this.#known.get(key) ?? { label, look };
    this.#known.set(key, known);
    return known;
  }
}

function workloadPicture(view: MatrixView): Sketch {
  const { endpoints, connections } = view.shown;
  const places = new Map(endpoints.map(({ id }, place) => [id, place]));
  const links = new Links();
  const cells = new Map<number, Link>();
  let hidesOwnNodes = false;
  for (const connection of connections) {
    const { from, to, reason } = connection;
    const allowance = allowanceOf(connection);
    if (allowance === undefined) continue;
    if (reason.egress === 'own-node' || reason.ingress === 'own-node') hidesOwnNodes = true;
    else {
      const [source, destination] = [places.get(from)!, places.get(to)!];
      const look = connection.partial === undefined ? allowance : 'some';
      cells.set(
        source * endpoints.length + destination,
        links.of(labelOf(connection, membersOf(endpoints[source]!, endpoints[destination]!)), look),
      );
    }
  }
  const names = new Map(groupsOf(view.everyone).flatMap((group) => [...namesOf(group)]));
  const things = withOutsideBox(endpoints.map((endpoint) => workloadThing(endpoint, names)));
  const picture = drawPicture(things, (from, to) => cells.get(from * endpoints.length + to), 'every workload');
  return { ...picture, hidesOwnNodes };
}

/** What only some may do needs no word: its look says it. */
function labelOf(connection: ConnectionAnswer, members: Members): string {
  const { traffic, partial, dependsOn } = connection;
  const label = traffic.length === 0 && partial !== undefined ? trafficText(partial) : pairText(connection, members);
  return dependsOn === undefined ? label : label + mark;
}

function workloadThing(endpoint: MatrixEndpoint, names: ReadonlyMap<string, string>): Thing {
  const { namespace, id } = endpoint;
  const name = names.get(id)!;
  const shape = shapeOf(groupsOf([endpoint])[0]!);
  const own = {
    name: namespace !== undefined && name.startsWith(`${namespace}/`) ? name.slice(namespace.length + 1) : name,
    hasSelf: !isSingle(endpoint),
  };
  if (namespace === undefined) return { ...own, shape };
  return { ...own, shape: shape === 'namespace' ? 'workload' : shape, box: namespace };
}

/** Several addresses outside stand in a box of their own; no namespace can be called that. */
function withOutsideBox(things: readonly Thing[]): readonly Thing[] {
  const isOutside = ({ shape }: Thing): boolean => shape === 'outside';
  if (things.filter(isOutside).length < 2) return things;
  return things.map((thing) => (isOutside(thing) ? { ...thing, box: 'outside the cluster' } : thing));
}

const shapeOf = ({ kind }: Group): Shape => (kind === 'nodes' ? 'node' : kind);

function namespacePicture(view: MatrixView): Sketch {
  const outside = view.shown.endpoints.filter(({ kind }) => kind === 'External');
  const { groups, pairs } = rolledUp(view, outside.length > mostOutside ? 'together' : 'each');
  const outsideName = outsideNames(view.everyone.filter(({ kind }) => kind === 'External'));
  const places = new Map(groups.map((group, place) => [group, place]));
  const links = new Links();
  const cells = new Map<number, Link>();
  const selves = new Set(pairs.flatMap(({ from, to }) => (from === to ? [from] : [])));
  let hidesOwnNodes = false;
  for (const pair of pairs) {
    if (pair.reached === 0) continue;
    if (pair.ownNode === pair.reached) hidesOwnNodes = true;
    else cells.set(places.get(pair.from)! * groups.length + places.get(pair.to)!, groupLink(pair, links));
  }
  const things = groups.map((group): Thing => ({ name: groupName(group, outsideName), shape: shapeOf(group), hasSelf: selves.has(group) }));
  const picture = drawPicture(withOutsideBox(things), (from, to) => cells.get(from * groups.length + to), 'every namespace');
  return { ...picture, hidesOwnNodes };
}

function groupLink(pair: GroupPair, links: Links): Link {
  if (!isUniform(pair)) return links.of(setText(pair.some), 'some');
  return links.of(setText(pair.every), pair.allowances.open === pair.pairs ? 'open' : 'rule');
}

const groupName = ({ name, kind }: Group, outside: ReadonlyMap<string, string>): string =>
  kind === 'namespace' ? name.slice(0, -2) : (outside.get(name) ?? name);
