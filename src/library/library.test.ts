import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  adviseOn,
  analyse,
  changesOfApply,
  checkConnection,
  checkText,
  diagnosticText,
  differenceBetween,
  differenceLines,
  ManifestError,
  matrixLines,
  parseManifests,
  WhatIf,
} from './index.ts';

const recipe = join(import.meta.dirname, '../../examples/recipes/12-by-port');
const texts = Object.fromEntries(['cluster.yaml', 'policy.yaml'].map((file) => [file, readFileSync(join(recipe, file), 'utf8')]));
const cluster = analyse(await parseManifests(texts));

const faulty = {
  'faulty.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podselector: {}}
`,
};

/** A policy of the namespace shop that isolates all pods in the direction and allows nothing. */
const deny = (direction: string): string =>
  JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'deny', namespace: 'shop' },
    spec: { podSelector: {}, policyTypes: [direction] },
  });

describe('the library', () => {
  it('answers one connection, TCP unless it is told', async () => {
    expect(checkConnection(cluster, { from: 'shop/client', to: 'shop/web', port: 8080 })).toMatchObject({
      protocol: 'TCP',
      allowed: true,
      ingress: { reason: 'rule', rules: [{ policy: { name: 'page-and-metrics' }, source: { file: 'policy.yaml', line: 13 } }] },
    });
  });

  it('says what it cannot answer', async () => {
    const about = (flow: object): object => checkConnection(cluster, { from: 'shop/client', to: 'shop/web', port: 8080, ...flow });
    expect(about({ to: 'shop/wbe' })).toEqual({ error: 'unknown endpoint `shop/wbe`; did you mean shop/web?' });
    expect(about({ port: 70_000 })).toEqual({ error: 'port must be a number between 1 and 65535, inclusive' });
    expect(about({ protocol: 'TPC' })).toEqual({ error: 'protocol must be one of TCP, UDP, SCTP, ICMP, ICMPv6, IGMP, GRE, ESP, AH' });
    expect(about({ prot: 'UDP' })).toHaveProperty('error', expect.stringMatching(/^unknown field "prot": supported are from, to/));
  });

  it('advises, and tries the advice', async () => {
    const flow = { from: 'shop/client', to: 'shop/web', port: 9090 };
    const tried = adviseOn(cluster, flow);
    if ('error' in tried) throw new Error(tried.error);
    const changes = tried.policies.map((object) => ({ type: 'put' as const, object }));
    expect(new WhatIf(cluster).difference(changes).changed).toMatchObject([
      { from: 'shop/Pod/client', to: 'shop/Pod/web', before: [{ ports: ['8080'] }], after: [{ ports: ['8080', '9090'] }] },
    ]);
    const answer = checkConnection(cluster, flow);
    if ('error' in answer) throw new Error(answer.error);
    expect(checkText(answer, tried.advice)).toMatch(/^denied {2}shop\/Pod\/client → shop\/Pod\/web {2}TCP\/9090\n.*^to allow it\n/ms);
  });

  it('neither answers nor advises on what no policy has a say in', () => {
    const flow = { from: 'shop/client', to: '127.0.0.1', port: 9090 };
    const error = expect.stringContaining('loopback');
    expect([checkConnection(cluster, flow), adviseOn(cluster, flow)]).toEqual([{ error }, { error }]);
  });

  it('never takes a part of the input for the whole', async () => {
    const manifests = await parseManifests({ ...texts, ...faulty });
    expect(manifests.diagnostics.map((diagnostic) => diagnosticText(diagnostic, faulty))).toMatchInlineSnapshot(`
      [
        "faulty.yaml:4:21: error: unknown field "spec.podselector" (did you mean "podSelector"?) (NetworkPolicy shop/web)
      4 | spec: {podselector: {}}
        |                     ^",
      ]
    `);
    expect(() => analyse(manifests)).toThrow(ManifestError);
    expect(() => analyse(manifests)).toThrow(/^faulty.yaml:4:21: unknown field "spec.podselector"/);
  });

  it('refuses pods of which nobody knows who has an address, and pods without one', async () => {
    const pod = (name: string, ip: string): string =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: shop}\nstatus: {phase: Running, podIP: ${ip}}\n`;
    const twice = await parseManifests({ 'a.yaml': pod('a', '10.1.0.1'), 'b.yaml': pod('b', '10.1.0.1') });
    expect(twice.diagnostics).toMatchObject([{ code: 'duplicate-address', source: { file: 'b.yaml', line: 1 } }]);
    expect(() => analyse(twice)).toThrow(/Pod shop\/b has the address 10.1.0.1 of Pod shop\/a at a.yaml:1:1/);
    const one = analyse(await parseManifests({ 'a.yaml': pod('a', '10.1.0.1') }));
    const other = await parseManifests({ 'b.yaml': pod('b', '10.1.0.1') });
    expect(() => changesOfApply(one, other)).toThrow(ManifestError);
    const manifests = await parseManifests(texts);
    expect(() => analyse(manifests, { podCidrs: ['192.0.2.0/31'] })).toThrow(/no address is left in the ranges for pods for Pod /);
  });

  it('skips what decides nothing, unless it is to be an error', async () => {
    const other = { 'other.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n' };
    expect(await parseManifests(other)).toMatchObject({ diagnostics: [], skipped: 1 });
    expect(await parseManifests(other, { unknownKinds: 'error' })).toMatchObject({ diagnostics: [{ code: 'unknown-kind' }], skipped: 0 });
  });

  it('answers for a network plugin', async () => {
    const node = 'apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\nstatus: {addresses: [{type: InternalIP, address: 192.0.2.1}]}\n';
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {nodeName: node-1}\nstatus: {podIP: 10.0.0.1}\n';
    const manifests = await parseManifests({ 'node.yaml': node, 'pod.yaml': pod, 'deny.json': deny('Egress') });
    const about = { from: 'shop/web', to: 'node:node-1', port: 10_250 };
    expect(checkConnection(analyse(manifests), about)).toMatchObject({ allowed: true, certainty: 'cni-dependent' });
    expect(checkConnection(analyse(manifests, { profile: 'calico' }), about)).toMatchObject({ allowed: false, certainty: 'defined' });
    const chosen = analyse(manifests, { profile: 'calico', choices: { 'own-node-egress': 'always-allow' } });
    expect(checkConnection(chosen, about)).toMatchObject({ allowed: true });
  });

  it('gives pods without an address one of the ranges that it is told', async () => {
    const about = { from: 'shop/client', to: 'shop/web', port: 8080 };
    const answer = checkConnection(analyse(await parseManifests(texts), { podCidrs: ['192.0.2.0/24'] }), about);
    expect(answer).toMatchObject({ from: { ip: '192.0.2.2' } });
  });

  it('knows what applying manifests would do, to the pods of workloads, too', async () => {
    const web = (app: string): string =>
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'blog' },
        spec: {
          replicas: 2,
          selector: { matchLabels: { app } },
          template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'web', image: 'web' }] } },
        },
      });
    const policy = deny('Ingress').replace('"podSelector":{}', '"podSelector":{"matchLabels":{"app":"closed"}}').replace('shop', 'blog');
    const before = analyse(await parseManifests({ ...texts, 'web.json': web('open'), 'deny.json': policy }));
    const difference = async (text: string): Promise<object> =>
      new WhatIf(before).difference(changesOfApply(before, await parseManifests({ 'new.json': text })));
    expect(await difference(web('open'))).toMatchObject({ added: [], removed: [], changed: [], objects: [] });
    expect(await difference(web('closed'))).toMatchObject({
      added: [],
      removed: expect.arrayContaining([expect.objectContaining({ from: 'shop/Pod/client', to: 'blog/Deployment/web' })]),
    });
    const unsound = await parseManifests(faulty);
    expect(() => changesOfApply(before, unsound)).toThrow(ManifestError);
  });

  it('compares what was changed, and not which addresses were assumed', async () => {
    const pod = (name: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: blog}\n`;
    const block = deny('Ingress').replace('"policyTypes"', '"ingress":[{"from":[{"ipBlock":{"cidr":"10.244.0.1/32"}}]}],"policyTypes"');
    const old = { 'z.yaml': pod('z'), 'block.json': block, ...texts };
    const now = { 'a.yaml': pod('a'), ...old };
    const before = analyse(await parseManifests(old));
    const touched = (after: ReturnType<typeof analyse>): boolean =>
      JSON.stringify(differenceBetween(before, after).removed).includes('blog/Pod/z');
    expect(touched(analyse(await parseManifests(now)))).toBe(true);
    const after = analyse(await parseManifests(now), { comparedWith: before });
    expect(touched(after)).toBe(false);
    const difference = differenceBetween(before, after);
    expect(difference.added.every(({ from, to }) => [from, to].includes('blog/Pod/a'))).toBe(true);
    const first = (format: Parameters<typeof differenceLines>[1]): string => [...differenceLines(difference, format)][0]!;
    expect(first('text')).toBe('blog/Pod/a added');
    expect(first('md')).toBe('### What this change opens and closes');
    expect(first('json')).toBe('{');
  });

  it('writes the matrix in every format that is text', async () => {
    const first = (format: Parameters<typeof matrixLines>[1]): string => [...matrixLines(cluster, format)][0]!;
    expect(first('text')).toMatch(/^FROM +TRAFFIC +TO$/);
    expect(first('json')).toBe('{');
    expect(first('csv')).toBe('from,to,protocol,ports,egress,ingress,egressBy,ingressBy,dependsOn,members');
    expect(first('dot')).toMatch(/^digraph /);
    const lines = [...matrixLines(cluster, 'csv', { denied: true, isShown: ({ namespace }) => namespace === 'monitoring' })];
    expect(lines.slice(1).every((line) => line.includes('monitoring/Pod/prometheus'))).toBe(true);
  });

  it('says of a matrix what depends on the network plugin, as the command line does', async () => {
    const file = join(import.meta.dirname, '../../test/golden/matrix/profiles/cluster.yaml');
    const analysis = analyse(await parseManifests({ 'cluster.yaml': readFileSync(file, 'utf8') }));
    const { choices, connections } = JSON.parse([...matrixLines(analysis, 'json')].join('\n')) as {
      choices: { choice: string }[];
      connections: { from: string; dependsOn?: string[] }[];
    };
    const found = new Set(connections.flatMap(({ dependsOn = [] }) => dependsOn));
    expect(found.size).toBeGreaterThan(2);
    expect(new Set(choices.map(({ choice }) => choice))).toEqual(found);
    const shown = [...matrixLines(analysis, 'json', { isShown: ({ id }) => id === 'nobody' })].join('\n');
    expect(JSON.parse(shown)).toMatchObject({ connections: [] });
    expect([...matrixLines(analysis, 'text')].at(-1)).toMatch(/^note: --profile answers for one network plugin/);
  });
});
