import fc from 'fast-check';
import { expect, test } from 'vitest';
import { directions } from '#core/api/types.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { connectivityOf } from '#core/connectivity/connectivity.ts';
import { Descriptions } from '#core/document/descriptions.ts';
import { documentationOf } from '#core/document/document.ts';
import type { Documentation } from '#core/document/documentation.ts';
import { documentationMarkdown, documentationPages } from '#core/render/documentation-markdown.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { decoded, rawCluster } from './arbitraries.ts';

const documented = (analysis: Analysis): Documentation => documentationOf(analysis, { descriptions: new Descriptions() });

/** Pairs of those who exist, as texts: what is said of them at one end. Addresses outside are parted by whoever may exist, too. */
function talksIn({ namespaces }: Documentation, known: ReadonlySet<string>): string[] {
  return namespaces
    .flatMap(({ workloads }) => workloads)
    .filter(({ endpoint }) => known.has(endpoint.id))
    .flatMap(({ endpoint: { id }, ...gates }) =>
      directions.flatMap((direction) =>
        gates[direction].talks.flatMap(({ others, traffic, partial }) =>
          [...others]
            .filter((other) => known.has(other))
            .map((other) => JSON.stringify([id, direction, other, traffic, partial ?? traffic])),
        ),
      ),
    );
}

test('what is documented is the connectivity, at both ends of every connection', () => {
  fc.assert(
    fc.property(rawCluster, (raw) => {
      const analysis = new Analysis(clusterOf(decoded(raw)));
      const { endpoints, connections } = connectivityOf(analysis);
      const inside = endpoints.filter(({ kind }) => kind !== 'External');
      const known = new Set(inside.map(({ id }) => id));
      const isWorkload = new Set(inside.flatMap(({ id, namespace }) => (namespace === undefined ? [] : [id])));
      const expected = [...connections]
        .filter(({ from, to, reason }) => known.has(from) && known.has(to) && !Object.values(reason).includes('own-node'))
        .flatMap(({ from, to, traffic, partial = traffic }) => [
          ...(isWorkload.has(from) ? [JSON.stringify([from, 'egress', to, traffic, partial])] : []),
          ...(isWorkload.has(to) ? [JSON.stringify([to, 'ingress', from, traffic, partial])] : []),
        ]);
      expect(talksIn(documented(analysis), known).sort()).toEqual(expected.sort());
    }),
    { numRuns: 60 },
  );
});

const anchorsIn = (text: string): string[] => Array.from(text.matchAll(/<a id="([^"]+)">/g), ([, anchor]) => anchor!);
const linksIn = (text: string): string[] => Array.from(text.matchAll(/\]\(([^)]+)\)/g), ([, link]) => link!);

test('every link within the pages leads somewhere, and the order of the objects does not matter', () => {
  fc.assert(
    fc.property(rawCluster, fc.infiniteStream(fc.nat()), (raw, seeds) => {
      const objects = decoded(raw);
      const documentation = documented(new Analysis(clusterOf(objects)));
      const one = [...documentationMarkdown(documentation)].join('\n');
      const pages = documentationPages(documentation, '').map(({ file, lines }) => [file, [...lines].join('\n')] as const);
      const anchors = new Set(anchorsIn(one).map((anchor) => `#${anchor}`));
      const places = new Set(pages.flatMap(([file, text]) => [file, ...anchorsIn(text).map((anchor) => `${file}#${anchor}`)]));
      expect(anchors.size).toBe(anchorsIn(one).length);
      for (const link of linksIn(one)) expect(anchors).toContain(link);
      for (const [file, text] of pages)
        for (const link of linksIn(text)) expect(places).toContain(link.startsWith('#') ? file + link : link);
      const order = new Map(objects.map((object) => [object, seeds.next().value]));
      const mixed = [...objects].sort((a, b) => order.get(a)! - order.get(b)!);
      expect([...documentationMarkdown(documented(new Analysis(clusterOf(mixed))))].join('\n')).toBe(one);
    }),
    { numRuns: 40 },
  );
});
