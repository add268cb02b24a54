import { type MatrixPicture, pictureOf } from './matrix-picture.ts';
import type { MatrixView } from './matrix-view.ts';
import type { Look, PictureNode, Shape } from './picture.ts';

/** The matrix as a Mermaid flowchart. */
export const matrixMermaid = (view: MatrixView): Iterable<string> => pictureMermaid(pictureOf(view));

/** A picture as a Mermaid flowchart, as GitHub draws it in Markdown: a subgraph for each namespace. Source: mermaid.js.org/syntax/flowchart.html */
export function* pictureMermaid({ boxes, nodes, edges, notes }: MatrixPicture): Iterable<string> {
  yield 'flowchart LR';
  for (const { id, name, note, nodes } of boxes) {
    yield `  subgraph ${id}[${quote([name, ...(note === undefined ? [] : [`(${note})`])].join(' '))}]`;
    for (const node of nodes) yield `    ${nodeText(node)}`;
    yield '  end';
  }
  for (const node of nodes) yield `  ${nodeText(node)}`;
  for (const { from, to, label, look, isMutual } of edges) yield `  ${from} ${isMutual ? '<' : ''}${arrows[look]}|${quote(label)}| ${to}`;
  yield `  note[${lines([...notes, legend])}]:::note`;
  yield* styles;
  for (const [look, style] of Object.entries(looks)) {
    const places = edges.flatMap((edge, place) => (edge.look === look ? [place] : []));
    if (places.length > 0) yield `  linkStyle ${places.join(',')} ${style}`;
  }
}

const legend = 'solid: a rule lets it through; dashed, orange: nothing isolates either end; dashed, blue: only some of them';

const arrows: Record<Look, string> = { rule: '-->', open: '-.->', some: '-.->' };

const looks: Record<Look, string> = { rule: 'stroke:#0072B2', open: 'stroke:#D55E00', some: 'stroke:#0072B2' };

const brackets: Record<Shape, readonly [string, string]> = {
  workload: ['(', ')'],
  namespace: ['[', ']'],
  node: ['[[', ']]'],
  outside: ['([', '])'],
  potential: ['(', ')'],
  everyone: ['{{', '}}'],
};

const styles = [
  '  classDef outside stroke-dasharray:4 3',
  '  classDef potential stroke-dasharray:2 2',
  '  classDef note fill:none,stroke:none,text-align:left',
];

const styled: readonly Shape[] = ['outside', 'potential'];

function nodeText({ id, lines: text, shape }: PictureNode): string {
  const [open, close] = brackets[shape];
  return `${id}${open}${lines(text)}${close}${styled.includes(shape) ? `:::${shape}` : ''}`;
}

/** What Mermaid or the HTML in its labels would take for its own, as an entity; the hash begins one. */
const escaped = (text: string): string =>
  text.replace(/[#"&<>`\\]|[\r\n]+/g, (char) => (/\s/.test(char) ? ' ' : `#${char.codePointAt(0)};`));

const quote = (text: string): string => `"${escaped(text)}"`;

const lines = (texts: readonly string[]): string => `"${texts.map(escaped).join('<br/>')}"`;
