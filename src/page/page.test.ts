import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChoiceName } from '#core/api/choices.ts';
import type { PolicyId } from '#core/api/types.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { type ConnectionAnswer, trafficMeant } from '#core/connectivity/answers.ts';
import { type Connectivity, connectivityOf } from '#core/connectivity/connectivity.ts';
import { allTraffic, isEmptyTraffic, trafficOf } from '#core/net/port-set.ts';
import { compactMatrix } from '#core/render/compact.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { answerOf } from '#test/answer.ts';
import { decoded, rawCluster } from '#test/property/arbitraries.ts';
import { axisOf, openAtFirst } from './axis.ts';
import { fittingZoom, itemsAt, layoutOf, scrollTo, visibleRange } from './grid-layout.ts';
import { Matrix } from './matrix.ts';
import { readHash, type ViewState, writeHash } from './state.ts';
import { Cells } from './totals.ts';
import { TrafficFilter } from './traffic-filter.ts';
import { trafficWanted } from './traffic-text.ts';

const policies: readonly PolicyId[] = ['a', 'b', 'c'].map((name) => ({ kind: 'NetworkPolicy', namespace: 'shop', name }));
const lists = [[], [policies[0]!], [policies[1]!, policies[2]!]] as const;

/** The connectivity with policies that it says it by. */
function withPolicies({ endpoints, connections }: Connectivity): ReturnType<typeof answerOf> {
  const placeOf = new Map(endpoints.map(({ id }, place) => [id, place]));
  const listOf = (id: string): readonly PolicyId[] => lists[placeOf.get(id)! % 3]!;
  const all = Array.from(connections, (connection) => ({
    ...connection,
    by: { egress: listOf(connection.from), ingress: listOf(connection.to) },
  }));
  return answerOf(endpoints, all);
}

const throughText = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('the compact matrix', () => {
  it('gives back every pair with its reasons and policies', () => {
    fc.assert(
      fc.property(rawCluster, (raw) => {
        const { endpoints, connections, reach } = withPolicies(connectivityOf(new Analysis(clusterOf(decoded(raw))), { denied: true }));
        // Any pair may depend on the network plugin.
        const choices: readonly ChoiceName[] = ['ipblock-pods'];
        const dependents = connections.flatMap(({ from, to }, index) => (index % 3 === 0 ? [{ from, to, dependsOn: choices }] : []));
        const matrix = new Matrix(throughText(compactMatrix({ endpoints, reach }, dependents)));
        const read: ConnectionAnswer[] = endpoints.flatMap((from, source) =>
          endpoints.flatMap((to, destination) => {
            const outcome = matrix.outcomes[matrix.outcomeAt(source, destination)];
            if (outcome === undefined) return [];
            const { traffic, partial, egress, ingress, dependsOn } = outcome;
            const by = { egress: matrix.policiesOf(egress, source, 'egress'), ingress: matrix.policiesOf(ingress, destination, 'ingress') };
            return [
              {
                from: from.id,
                to: to.id,
                traffic,
                ...(partial && { partial }),
                reason: { egress: egress.reason, ingress: ingress.reason },
                by,
                ...(dependsOn && { dependsOn }),
              },
            ];
          }),
        );
        expect(read).toEqual(connections.map((each, index) => (index % 3 === 0 ? { ...each, dependsOn: choices } : each)));
      }),
      { numRuns: 80 },
    );
  });

  it('counts between groups what is between their members, of the traffic that is asked about', () => {
    fc.assert(
      fc.property(rawCluster, fc.constantFrom('', '80', 'UDP/53', '1-1024'), (raw, port) => {
        const { endpoints, connections, reach } = withPolicies(connectivityOf(new Analysis(clusterOf(decoded(raw))), { denied: true }));
        const matrix = new Matrix(compactMatrix({ endpoints, reach }));
        const filter = new TrafficFilter(matrix, trafficWanted(port, '', allTraffic).traffic);
        const items = axisOf(matrix, new Set(), '');
        const cells = new Cells(matrix, filter);
        let [pairs, reached] = [0, 0];
        for (const from of items)
          for (const to of items) {
            const content = cells.at(from, to);
            if (content.kind === 'pairs') {
              pairs += content.totals.pairs;
              reached += content.totals.rule + content.totals.open;
            } else if (content.kind === 'pair') {
              pairs++;
              if (content.state.kind !== 'denied') reached++;
            }
          }
        expect(pairs).toBe(connections.length);
        expect(reached).toBe(
          connections.filter(({ traffic, partial }) => !isEmptyTraffic(filter.of(trafficMeant(partial ?? traffic)))).length,
        );
      }),
      { numRuns: 80 },
    );
  });
});

describe('the axes', () => {
  const endpoint = (namespace: string, name: string) => ({
    id: `${namespace}/Deployment/${name}`,
    kind: 'Workload' as const,
    namespace,
    name,
    pods: 2,
  });
  const matrix = new Matrix(
    compactMatrix({ endpoints: [endpoint('blog', 'web'), endpoint('shop', 'api'), endpoint('shop', 'web')], reach: [] }),
  );
  const labels = (open: readonly string[], text = ''): string[] => axisOf(matrix, new Set(open), text).map(({ label }) => label);

  it('show groups, their members when they are open, and a member that is alone by its whole name', () => {
    expect(labels([])).toEqual(['blog/web', 'shop']);
    expect(labels(['shop/*'])).toEqual(['blog/web', 'shop', 'api', 'web']);
    expect([...openAtFirst(matrix, undefined)]).toEqual(['blog/*', 'shop/*']);
    expect([...openAtFirst(matrix, 'namespace')]).toEqual([]);
  });

  it('show what has the text in its name, and nothing else', () => {
    expect(labels([], 'WEB')).toEqual(['blog/web', 'shop/web']);
    expect(labels([], 'shop/')).toEqual(['shop/api', 'shop/web']);
    expect(labels([], 'none')).toEqual([]);
  });
});

describe('the traffic that is asked about', () => {
  it.each([
    ['', '', '0-65535 0-65535 0-65535'],
    ['443', '', '443-443 443-443 443-443'],
    ['8000-8999', 'TCP', '8000-8999 - -'],
    ['udp/53', '', '- 53-53 -'],
    ['53/UDP', '', '- 53-53 -'],
    ['443, 80-90', 'TCP', '80-90,443-443 - -'],
    ['TCP/80,443 udp/53', '', '80-80,443-443 53-53 -'],
    ['TCP, udp / 53', '', '0-65535 53-53 -'],
    ['', 'SCTP', '- - 0-65535'],
  ])('%s of %s', (port, protocol, ports) => {
    const traffic = trafficWanted(port, protocol, allTraffic).traffic;
    expect([traffic.TCP, traffic.UDP, traffic.SCTP].map((set) => set.map((interval) => interval.join('-')).join() || '-').join(' ')).toBe(
      ports,
    );
  });

  it.each([
    ['http', '', '“http” is no port: write 443, 80-90, TCP/443 or several. Shown is all traffic.'],
    ['80, 70000', 'TCP', '“70000” is no port: write 443, 80-90, TCP/443 or several. Shown is TCP.'],
    ['90-80', '', '“90-80” is no port: write 443, 80-90, TCP/443 or several. Shown is all traffic.'],
    ['UDP/53', 'TCP', '“UDP/53” is not TCP. Shown is TCP.'],
  ])('%s of %s is said to be none', (port, protocol, fault) => expect(trafficWanted(port, protocol, allTraffic).fault).toBe(fault));

  it('is of what the page is about', () => {
    const about = trafficOf('TCP', [[80, 80]]);
    expect(trafficWanted('443', '', about)).toEqual({ traffic: about, fault: 'This page knows nothing of “443”. Shown is TCP/80.' });
    expect(trafficWanted('', 'UDP', about)).toEqual({ traffic: about, fault: 'This page knows nothing of UDP. Shown is TCP/80.' });
  });
});

describe('the state in the address', () => {
  const first: ViewState = { open: new Set(['shop/*']), from: '', to: '', port: '', protocol: '' };

  it('comes back', () => {
    const text = fc.string();
    const state = fc.record({
      open: fc.uniqueArray(fc.constantFrom('shop/*', 'blog/*', 'outside', 'every node')).map((names) => new Set(names)),
      from: text,
      to: text,
      port: text,
      protocol: fc.constantFrom('', 'TCP'),
      cell: fc.option(fc.tuple(text, text), { nil: undefined }),
      workload: fc.option(text, { nil: undefined }),
      zoom: fc.option(fc.nat(7), { nil: undefined }),
    });
    fc.assert(
      fc.property(state, (each) => {
        expect(readHash(`#${writeHash(each, first)}`, first)).toEqual(each);
      }),
    );
  });

  it('says nothing of what is as at first, and takes nothing that it does not know', () => {
    expect(writeHash(first, first)).toBe('');
    expect(readHash('#zoom=99&cell=a&nonsense', first)).toEqual({ ...first, cell: undefined, workload: undefined, zoom: undefined });
  });
});

describe('the layout', () => {
  const layout = layoutOf(2, [50, 60], [50, 60, 70]);

  it('finds what is at a point, scrolled or not', () => {
    const scroll = { x: 0, y: 0 };
    expect(itemsAt(layout, { x: layout.left + 1, y: layout.top + 16 }, scroll)).toEqual({ row: 1, column: 0 });
    expect(itemsAt(layout, { x: layout.left + 1, y: layout.top + 1 }, { x: 15, y: 15 })).toEqual({ row: 1, column: 1 });
    expect(itemsAt(layout, { x: 2, y: layout.top + 1 }, scroll)).toEqual({ row: 0 });
    expect(itemsAt(layout, { x: layout.left + 1, y: 3 }, scroll)).toEqual({ column: 0 });
    expect(itemsAt(layout, { x: layout.left + 999, y: layout.top + 999 }, scroll)).toEqual({});
  });

  it('sees a part, and scrolls no further than it must', () => {
    expect(visibleRange(10, 100, 95, 50)).toEqual([9, 15]);
    expect(visibleRange(10, 12, 95, 50)).toEqual([9, 12]);
    expect(scrollTo(3, 10, 50, 40)).toBe(30);
    expect(scrollTo(20, 10, 50, 40)).toBe(170);
    expect(scrollTo(6, 10, 50, 40)).toBe(50);
  });

  it('takes the largest cells that fit', () => {
    const space = { width: 1100, height: 700 };
    expect([5, 25, 2000].map((count) => fittingZoom(count, count, space))).toEqual([7, 3, 2]);
  });
});
