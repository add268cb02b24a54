import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifests } from '#manifest/read.ts';
import { answerOf } from '#test/answer.ts';
import { manyWorkloads } from '#test/browser/many-workloads.ts';
import { assignAddresses } from '../cluster/assign-addresses.ts';
import { clusterOf } from '../cluster/cluster.ts';
import { connectivityOf } from '../connectivity/connectivity.ts';
import { Analysis } from '../verdict/analysis.ts';
import { type CheckAnswer, checkConnection } from '../verdict/answer.ts';
import { renderCheck } from './check.ts';
import { renderFlows } from './flows.ts';
import { matrixJson } from './matrix.ts';
import { tooManyPairs } from './matrix-html.ts';
import { matrixText } from './matrix-text.ts';
import { type Palette, plain } from './palette.ts';
import { columnsOf } from './text.ts';
import { trafficText } from './traffic.ts';

const marks: Palette = {
  allow: (text) => `<allow ${text}>`,
  deny: (text) => `<deny ${text}>`,
  warning: (text) => `<warning ${text}>`,
  strong: (text) => text,
  faint: (text) => text,
};

const recipes = join(import.meta.dirname, '../../../examples/recipes');

async function recipe(name: string): Promise<Analysis> {
  const { objects } = await readManifests(['cluster', 'policy'].map((file) => join(recipes, name, `${file}.yaml`)));
  return new Analysis(clusterOf(assignAddresses(objects)));
}

const check = (analysis: Analysis, from: string, to: string, port: number): CheckAnswer => {
  const answer = checkConnection(analysis, { from, to, port });
  if ('error' in answer) throw new Error(answer.error);
  return answer;
};

describe('check', () => {
  it('paints verdict and gates by their meaning', async () => {
    const ports = await recipe('12-by-port');
    const lines = [...renderCheck(check(ports, 'shop/client', 'shop/web', 9090), { palette: marks })].join('\n');
    expect(lines).toMatch(/^<deny denied> {2}shop\/Pod\/client → shop\/Pod\/web {2}TCP\/9090/);
    expect(lines).toContain('egress   <allow open  >');
    expect(lines).toContain('ingress  <deny closed>');
  });

  it('fits the terminal', async () => {
    const ports = await recipe('12-by-port');
    const answer = check(ports, 'shop/client', 'shop/web', 9090);
    for (const line of renderCheck(answer, { palette: plain, width: 80 })) expect(columnsOf(line)).toBeLessThanOrEqual(80);
  });
});

describe('flows', () => {
  it('counts what is allowed', async () => {
    const ports = await recipe('12-by-port');
    const answers = [8080, 9090].map((port) => check(ports, 'shop/client', 'shop/web', port));
    expect([...renderFlows(answers, { palette: plain })]).toEqual([
      'VERDICT  FROM         TO        PORT      WHY',
      'allowed  shop/client  shop/web  TCP/8080  ingress: shop/page-and-metrics',
      'denied   shop/client  shop/web  TCP/9090  ingress: shop/page-and-metrics',
      '2 flows: 1 allowed, 1 denied',
    ]);
  });
});

describe('matrix', () => {
  it('says traffic in few words', () => {
    expect(trafficText('all')).toBe('all');
    expect(trafficText([])).toBe('nothing');
    expect(
      trafficText([
        { protocol: 'TCP', ports: ['80', '8000-8999'] },
        { protocol: 'UDP', ports: ['0-65535'] },
      ]),
    ).toBe('TCP/80,8000-8999 UDP');
  });

  it('writes the JSON that its parts make', async () => {
    for (const name of ['12-by-port', '15-ip-block', '22-backend-for-many']) {
      const { endpoints, connections } = connectivityOf(await recipe(name), { denied: true });
      expect(JSON.parse([...matrixJson({ endpoints, connections })].join('\n'))).toEqual({ endpoints, connections: [...connections] });
    }
    expect(JSON.parse([...matrixJson({ endpoints: [], connections: [] })].join('\n'))).toEqual({ endpoints: [], connections: [] });
  });

  it('names every endpoint once on each side of its table', async () => {
    const shown = connectivityOf(await recipe('05-limit-to-one-app'), { denied: true });
    const view = { shown, whole: () => shown, everyone: shown.endpoints, denied: true, by: undefined };
    const text = [...matrixText(view, { palette: plain })].join('\n');
    expect(text).toMatchInlineSnapshot(`
      "FROM           TRAFFIC  TO
      blog/checkout  all      shop/* but shop/orders, outside
                     nothing  shop/orders
      shop/orders    all      blog/checkout, shop/* but shop/orders, outside
                     nothing  shop/orders
      shop/checkout  all      everybody
      shop/client    all      blog/checkout, shop/checkout, outside
                     nothing  shop/orders
      outside        all      blog/checkout, shop/* but shop/orders
                     nothing  shop/orders
      5 endpoints, 21 pairs"
    `);
  });

  it('rolls up what is too long to read, and fits the terminal', async () => {
    const shown = await manyWorkloads(200);
    const view = { shown, whole: () => shown, everyone: shown.endpoints, denied: false, by: undefined };
    for (const width of [80, 140]) {
      const lines = [...matrixText(view, { palette: plain, width })];
      expect(lines.length).toBeLessThan(60);
      for (const line of lines) expect(columnsOf(line), line).toBeLessThanOrEqual(width);
      expect(lines.at(-1)).toBe('by namespace, as it is large: see more with -n, --workload, --by workload');
      expect(lines.at(-2)).toMatch(/^20 namespaces, \d+ endpoints, \d+ pairs$/);
    }
    expect([...matrixText({ ...view, by: 'workload' }, { palette: plain })].length).toBeGreaterThan(150);
  });

  it('makes no page that would be too large', async () => {
    const shown = await manyWorkloads(20);
    expect(tooManyPairs({ counted: () => shown })).toBeUndefined();
    expect(tooManyPairs({ counted: () => shown }, 100)).toMatch(/^\d{3} pairs are more than a page can hold, which is 100$/);
    // What is limited is not counted.
    expect(tooManyPairs({}, 100)).toBeUndefined();
  });

  it('keeps pods that do not exist apart', () => {
    const strange = { id: '{team=red}/{}', kind: 'Potential' as const };
    const web = { id: 'shop/Deployment/web', kind: 'Workload' as const, namespace: 'shop', name: 'web', pods: 2 };
    const outside = { id: '0.0.0.0-255.255.255.255', kind: 'External' as const, ranges: ['0.0.0.0-255.255.255.255'] };
    const reason = { egress: 'not-isolated', ingress: 'not-isolated' } as const;
    const shown = answerOf(
      [web, strange, outside],
      [{ from: strange.id, to: web.id, traffic: 'all', reason, by: { egress: [], ingress: [] } }],
    );
    const view = { shown, whole: () => shown, everyone: shown.endpoints, denied: false };
    expect([...matrixText({ ...view, by: 'workload' }, { palette: plain })][1]).toBe('{team=red}/{}  all      shop/web');
    expect([...matrixText({ ...view, by: 'namespace' }, { palette: plain })][1]).toBe('pods that may come  all      shop');
  });
});
