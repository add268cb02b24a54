import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifests } from '#manifest/read.ts';
import { answerOf } from '#test/answer.ts';
import { assignAddresses } from '../cluster/assign-addresses.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { type Connectivity, connectivityOf } from '../connectivity/connectivity.ts';
import { Analysis } from '../verdict/analysis.ts';
import { matrixDot } from './dot.ts';
import { escapeMarkdown, markdownCode } from './markdown.ts';
import type { Answer, Breakdown, MatrixView } from './matrix-view.ts';
import { matrixMermaid } from './mermaid.ts';

const examples = join(import.meta.dirname, '../../../examples');
const clusters = globSync('{production,recipes/*}/', { cwd: examples })
  .filter((path) => !path.endsWith('.md'))
  .sort();
const breakdowns: readonly (Breakdown | undefined)[] = [undefined, 'workload', 'namespace'];

const viewOf = (shown: Answer, by: Breakdown | undefined): MatrixView => ({
  shown,
  whole: () => shown,
  everyone: shown.endpoints,
  denied: true,
  by,
});

async function exampleOf(name: string): Promise<Connectivity> {
  const { objects } = await readManifests([join(examples, name)]);
  return connectivityOf(new Analysis(clusterOf(assignAddresses(objects))), { denied: true });
}

/** Names that would end a string, a label or a line, if they could. */
const hostile = ['"', '\\', '\\"', '<b>', '#quot;', 'a\nb', '|', ']', '`', '-->', '\\N', '{app="web"}', 'end', '%%'];

const hostileCluster = answerOf(
  hostile.map((name, index) => ({ id: `n/Pod/${name}${index}`, kind: 'Pod', namespace: name, name, pods: 2 })),
  hostile.flatMap((_, from) =>
    hostile.flatMap((_, to) =>
      (from + to) % 3 === 0
        ? []
        : [
            {
              from: `n/Pod/${hostile[from]}${from}`,
              to: `n/Pod/${hostile[to]}${to}`,
              traffic: [{ protocol: 'TCP' as const, ports: [String(from * to)] }],
              reason: { egress: 'rule' as const, ingress: 'rule' as const },
              by: { egress: [], ingress: [] },
            },
          ],
    ),
  ),
);

/** What Graphviz says of a graph; undefined where it is not installed. */
function dot(
  lines: Iterable<string>,
): { code: number | null; faults: string; graph: { objects?: { label?: string; name: string }[] } } | undefined {
  const { status, stdout, stderr, error } = spawnSync('dot', ['-Tjson0'], { input: [...lines].join('\n'), encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return {
    code: status,
    faults: stderr.replaceAll(/.*(?:fontconfig|Fontconfig|Pango).*\n/g, ''),
    graph: status === 0 ? JSON.parse(stdout) : {},
  };
}

describe('dot', () => {
  it.for(clusters)('Graphviz draws %s', async (name, { skip }) => {
    for (const by of breakdowns) {
      const drawn = dot(matrixDot(viewOf(await exampleOf(name), by)));
      if (drawn === undefined) skip('Graphviz is not installed');
      expect(drawn).toMatchObject({ code: 0, faults: '' });
    }
  });

  it('keeps hostile names what they are', ({ skip }) => {
    const drawn = dot(matrixDot(viewOf(hostileCluster, 'workload')));
    if (drawn === undefined) skip('Graphviz is not installed');
    expect(drawn).toMatchObject({ code: 0, faults: '' });
    expect(drawn?.graph.objects?.filter(({ name }) => name.startsWith('cluster_')).length).toBe(hostile.length);
  });
});

/** The grammar of the flowcharts that are written here, line by line; Mermaid 12.3 was seen to draw them. */
const text = '"(?:[^"#\\\\<>&`]|#\\d+;|<br/>)*"';
const shape = `(?:\\(${text}\\)|\\[${text}\\]|\\[\\[${text}\\]\\]|\\(\\[${text}\\]\\)|\\{\\{${text}\\}\\})`;
const flowchart = [
  /^flowchart LR$/,
  new RegExp(`^ {2}subgraph b\\d+\\[${text}\\]$`),
  /^ {2}end$/,
  new RegExp(`^ {2,4}(?:[ns]\\d+|everyone|note)${shape}(?::::\\w+)?$`),
  new RegExp(`^ {2}(?:[nbs]\\d+|everyone) <?(?:-->|-\\.->)\\|${text}\\| (?:[nbs]\\d+|everyone)$`),
  /^ {2}classDef \w+ [\w:,-]+(?: \d)?$/,
  /^ {2}linkStyle \d+(?:,\d+)* stroke:#[0-9A-F]{6}$/,
];

describe('mermaid', () => {
  const check = (lines: readonly string[]): void => {
    for (const line of lines)
      expect(
        flowchart.some((form) => form.test(line)),
        line,
      ).toBe(true);
    const body = lines.join('\n');
    const named = new Set(Array.from(body.matchAll(/^ *(?:subgraph )?([nbs]\d+|everyone)[([{]/gm), ([, id]) => id));
    const edges = [...body.matchAll(/^ {2}(\w+) <?-.*\| (\w+)$/gm)];
    for (const [line, from, to] of edges) expect(named.has(from) && named.has(to), line).toBe(true);
    const styled = [...body.matchAll(/linkStyle ([\d,]+)/g)].flatMap(([, places]) => places!.split(',').map(Number));
    expect(styled.sort((a, b) => a - b)).toEqual(edges.map((_, place) => place));
  };

  it.each(clusters)('%s is a flowchart', async (name) => {
    const connectivity = await exampleOf(name);
    for (const by of breakdowns) check([...matrixMermaid(viewOf(connectivity, by))]);
  });

  it('keeps hostile names what they are', () => {
    check([...matrixMermaid(viewOf(hostileCluster, 'workload'))]);
  });
});

describe('Markdown', () => {
  it('keeps hostile names what they are', () => {
    expect(hostile.map(escapeMarkdown)).toMatchInlineSnapshot(`
      [
        """,
        "\\\\",
        "\\\\"",
        "\\<b\\>",
        "\\#quot;",
        "a b",
        "\\|",
        "\\]",
        "\\\`",
        "--\\>",
        "\\\\N",
        "{app="web"}",
        "end",
        "%%",
      ]
    `);
    expect(hostile.map(markdownCode)).toMatchInlineSnapshot(`
      [
        "\`"\`",
        "\`\\\`",
        "\`\\"\`",
        "\`<b>\`",
        "\`#quot;\`",
        "\`a b\`",
        "\`\\|\`",
        "\`]\`",
        "\`\` \` \`\`",
        "\`-->\`",
        "\`\\N\`",
        "\`{app="web"}\`",
        "\`end\`",
        "\`%%\`",
      ]
    `);
  });
});
