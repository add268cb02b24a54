import { type MatrixPicture, pictureOf } from './matrix-picture.ts';
import type { MatrixView } from './matrix-view.ts';
import type { Look, PictureEdge, PictureNode, Shape } from './picture.ts';

/** The matrix as a graph for Graphviz: a cluster for each namespace. Source: graphviz.org/doc/info/lang.html */
export function* matrixDot(view: MatrixView): Iterable<string> {
  const picture = pictureOf(view);
  yield 'digraph connectivity {';
  yield '  rankdir=LR; compound=true; ranksep=1.2; nodesep=0.25; labelloc=b; labeljust=l;';
  yield `  label=${lines([...picture.notes, legend])};`;
  yield '  fontname="Helvetica,Arial,sans-serif"; fontsize=11;';
  yield '  node [fontname="Helvetica,Arial,sans-serif", fontsize=11, style="rounded,filled", fillcolor="#ffffff", color="#5b6770", shape=box];';
  yield '  edge [fontname="Helvetica,Arial,sans-serif", fontsize=10];';
  for (const { id, name, note, nodes } of picture.boxes) {
    yield `  subgraph cluster_${id} {`;
    yield `    label=${quote([name, ...(note === undefined ? [] : [`(${note})`])].join(' '))}; labelloc=t; style="rounded,filled"; fillcolor="#f1f3f5"; color="#9aa5ad";`;
    for (const node of nodes) yield `    ${nodeText(node)}`;
    yield '  }';
  }
  for (const node of picture.nodes) yield `  ${nodeText(node)}`;
  for (const edge of picture.edges) yield `  ${edgeText(edge, picture)}`;
  yield '}';
}

const legend = 'blue: a rule lets it through; orange, dashed: nothing isolates either end; dotted: only some of them';

/** Okabe and Ito's blue and vermilion, which colour-blind people tell apart, and a pattern each. */
const looks: Record<Look, string> = {
  rule: 'color="#0072B2", fontcolor="#005a8c"',
  open: 'color="#D55E00", fontcolor="#a34700", style=dashed',
  some: 'color="#0072B2", fontcolor="#005a8c", style=dotted',
};

const shapes: Record<Shape, string> = {
  workload: '',
  namespace: ', shape=folder, style=filled, fillcolor="#f1f3f5"',
  node: ', shape=box3d, style=filled',
  outside: ', shape=ellipse, style="filled,dashed"',
  potential: ', style="rounded,filled,dotted"',
  everyone: ', shape=octagon, style=filled, fillcolor="#e3e7ea"',
};

const nodeText = ({ id, lines: text, shape }: PictureNode): string => `${id} [label=${lines(text, 'n')}${shapes[shape]}];`;

/** An edge of a box is drawn at one of its nodes, and ends at the box. */
function edgeText({ from, to, label, look, isMutual }: PictureEdge, { boxes }: MatrixPicture): string {
  const anchor = (id: string): { node: string; box?: string } => {
    const box = boxes.find((each) => each.id === id);
    return box === undefined ? { node: id } : { node: box.nodes[Math.floor(box.nodes.length / 2)]!.id, box: `cluster_${id}` };
  };
  const [tail, head] = [anchor(from), anchor(to)];
  const clips = [tail.box === undefined ? '' : `, ltail=${tail.box}`, head.box === undefined ? '' : `, lhead=${head.box}`].join('');
  return `${tail.node} -> ${head.node} [label=${quote(label)}, ${looks[look]}${isMutual ? ', dir=both' : ''}${clips}];`;
}

const escaped = (text: string): string => text.replace(/[\\"]/g, '\\$&').replace(/[\r\n]+/g, ' ');

const quote = (text: string): string => `"${escaped(text)}"`;

/** Several lines in one label, left-aligned or centred. */
const lines = (texts: readonly string[], end: 'l' | 'n' = 'l'): string =>
  `"${texts.map((text) => `${escaped(text)}${end === 'l' ? '\\l' : ''}`).join(end === 'n' ? '\\n' : '')}"`;
