import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import { decodeObject } from '#core/api/decode.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import { AgentMetrics } from './metrics.ts';

const root = join(import.meta.dirname, '../../..');
const page = join(root, 'docs/observe.md');
const rules = join(root, 'deploy/prometheus/sallyport.rules.yaml');
const withoutPromtool = spawnSync('promtool', ['--version']).error !== undefined;

/** A node with two pods, which a policy of each of them and a policy of both isolate. */
function worldOf() {
  const pod = (name: string, ip: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name, labels: { app: name } },
    spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'main' }] },
    status: { phase: 'Running', podIPs: [{ ip }] },
  });
  const policy = (name: string, podSelector: object, annotations = {}) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: 'shop', name, annotations },
    spec: { podSelector },
  });
  const manifests = [pod('web', '10.0.0.1'), pod('db', '10.0.0.2'), policy('all', {}), policy('db', { matchLabels: { app: 'db' } })];
  manifests.push(policy('trial', { matchLabels: { app: 'web' } }, { 'sallyport.dev/audit': 'true' }));
  const model = new PolicyModel();
  const ruleset = new NodeRuleset(model, 'n1', { choices: defaultChoices, markMask: 0, witness: false, holdBack: true });
  const objects = manifests.flatMap((manifest) => decodeObject(manifest).objects);
  ruleset.update(model.update(objects.map((object) => ({ type: 'put', object }))));
  const counters = new Map<string, number>();
  const metrics = new AgentMetrics({
    build: { version: '1.2.3', node: 'n1' },
    kernel: { counters: async () => counters, transactions: { nft: { committed: 2, refused: 1 }, netlink: { committed: 5, refused: 0 } } },
    reconciler: { model, ruleset },
    policies: () => [{ kind: 'NetworkPolicy', namespace: 'shop', name: 'all', state: 'enforced', subjects: 2 }],
    unreadable: () => new Map([['AdminNetworkPolicy', 3]]),
    isSynced: () => true,
    isReady: () => false,
    unjudged: () => 1,
    currency: () => [{ resource: 'pods', isCurrent: true, heard: performance.now() - 5000 }],
  });
  return { model, ruleset, counters, metrics };
}

describe('the numbers of an agent', () => {
  let text: string;
  const world = worldOf();
  const value = (series: string): number | undefined => {
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  const dropped = (policy: string): number | undefined =>
    value(`sallyport_dropped_packets_total{kind="NetworkPolicy",namespace="shop",policy="${policy}",direction="ingress"}`);
  /** The counters of the ruleset, by how many policies isolate, or would. */
  const counterOf = (policies: number, isAudit?: true): string => {
    for (const object of world.ruleset.objects())
      if (object.kind === 'counter' && object.denials?.policies.length === policies && object.denials.isAudit === isAudit)
        return object.name;
    throw new Error('no such counter');
  };

  beforeAll(async () => {
    world.metrics.applied({ version: 1, changed: true, milliseconds: 700, latency: 900, failures: [], repaired: ['judge'] });
    world.metrics.applied({ version: 2, changed: true, milliseconds: 4, latency: 6, failures: [], repaired: ['deny'] });
    world.metrics.applied({ version: 2, changed: false, milliseconds: 1, latency: 1, failures: [{ message: 'no nft' }], repaired: [] });
    world.metrics.watch.relisted('pods');
    world.metrics.watch.fault('pods');
    world.metrics.watch.event('written');
    world.counters.set(counterOf(1), 10).set(counterOf(2), 5).set(counterOf(2, true), 4).set('held-back', 2);
    text = await world.metrics.text();
  });

  test('are those of what happened: the first ruleset is no latency, and its drift no repair', () => {
    expect(value('sallyport_enforcement_latency_seconds_count')).toBe(1);
    expect(value('sallyport_enforcement_latency_seconds_bucket{le="0.01"}')).toBe(1);
    expect(value('sallyport_pass_duration_seconds_count')).toBe(2);
    expect(value('sallyport_repaired_objects_total')).toBe(1);
    expect(value('sallyport_failed_passes_total')).toBe(1);
    expect(value('sallyport_failures')).toBe(1);
    expect(value('sallyport_ready')).toBe(0);
    expect(value('sallyport_subjects')).toBe(2);
    expect(value('sallyport_transactions_total{way="nft",result="refused"}')).toBe(1);
    expect(value('sallyport_watch_message_age_seconds{resource="pods"}')).toBeCloseTo(5, 0);
    expect(value('sallyport_unreadable_objects{kind="AdminNetworkPolicy"}')).toBe(3);
    expect(value('sallyport_ruleset_objects{type="chain"}')).toBeGreaterThan(5);
  });

  test('count a drop for every policy that isolates, and keep nothing of policies that are gone', async () => {
    expect([dropped('all'), dropped('db')]).toEqual([15, 5]);
    expect(value('sallyport_held_back_packets_total')).toBe(2);
    expect(value('sallyport_audited_packets_total{kind="NetworkPolicy",namespace="shop",policy="trial",direction="ingress"}')).toBe(4);
    world.model.update([{ type: 'delete', id: { kind: 'NetworkPolicy', namespace: 'shop', name: 'db' } }]);
    text = await world.metrics.text();
    expect([dropped('all'), dropped('db')]).toEqual([15, undefined]);
  });

  const names = (): Set<string> => new Set(Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name!));

  test.each([
    'deploy/prometheus/sallyport.rules.yaml',
    'deploy/grafana/sallyport.json',
    'docs/observe.md',
  ])('%s names none that is not there', (file) => {
    const named = readFileSync(join(root, file), 'utf8').match(/\b(?:sallyport|process|nodejs)_[a-z_]+[a-z]\b/g) ?? [];
    expect(named.length).toBeGreaterThan(0);
    const unknown = named.filter((name) => !names().has(name) && !names().has(name.replace(/_(bucket|count|sum)$/, '')));
    expect(unknown).toEqual([]);
  });

  test('docs/observe.md lists them all', () => {
    const before = readFileSync(page, 'utf8');
    const rows = Array.from(text.matchAll(/^# HELP (sallyport_\S+) (.*)\n# TYPE \S+ (\S+)/gm), ([, name, help, type]) => {
      const labels = new Set(
        Array.from(text.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'gm')), ([, each]) =>
          each!.replace(/="[^"]*"/g, '').replace(/(^|,)le$/, ''),
        ),
      );
      const shown = [...labels].sort().at(-1)?.replaceAll(',', ', ') ?? '';
      return `| \`${name}\` | ${type} | ${shown} | ${help} |`;
    });
    const table = ['| metric | type | labels | says |', '|---|---|---|---|', ...rows.sort()].join('\n');
    const after = before.replace(
      /(<!-- metrics -->\n)[\s\S]*(<!-- \/metrics -->)/,
      (_, start: string, end: string) => `${start}${table}\n${end}`,
    );
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(page, after);
    else expect(after).toBe(before);
  });

  test.skipIf(withoutPromtool)('are as Prometheus wants them (needs promtool, of the package prometheus)', () => {
    expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('');
    expect(execFileSync('promtool', ['check', 'rules', rules], { encoding: 'utf8' })).toContain('SUCCESS: 10 rules found');
  });
});
