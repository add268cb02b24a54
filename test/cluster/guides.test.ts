import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GuideReader } from '../guides/guides.ts';
import { replaceAgents } from './agents.ts';
import { Cluster } from './cluster.ts';
import { inNamespace, run } from './commands.ts';
import { clone, programs } from './programs.ts';
import { cannotUseCluster } from './world.ts';

const reason = cannotUseCluster();
const withoutHelm = existsSync(join(programs, 'helm')) ? undefined : 'needs helm: test/cluster/build.sh helm';
const guide = new GuideReader('cluster');
const install = 'docs/install.md';
const troubleshoot = 'docs/troubleshoot.md';
const helm = [
  'helm install sallyport',
  'helm upgrade sallyport deploy/helm/sallyport --namespace kube-system --reuse-values --wait',
  'helm upgrade sallyport deploy/helm/sallyport --namespace kube-system --reuse-values --set remove=true',
  'helm uninstall sallyport',
] as const;
const rollout = 'kubectl -n kube-system rollout status daemonset/sallyport-agent';

describe.skipIf(reason !== undefined)(`what guides run on a real cluster${reason === undefined ? '' : ` (${reason})`}`, () => {
  const cluster = new Cluster();
  const path = `PATH=${[programs, join(clone, 'bin'), dirname(process.execPath), process.env.PATH].join(delimiter)}`;
  const inClone = (command: string): string[] => ['env', path, 'bash', '-o', 'pipefail', '-ec', `cd ${clone} && ${command}`];
  /** Runs a line where the API server is reached. */
  const here = (command: string): string => run(cluster.words(...inClone(command)));
  /** Runs a command of a guide as it stands. */
  const follow = (name: string, begin: string): string => here(guide.take(name, begin).text);
  /** The same of one that may find something, and then ends with 1. */
  const ask = (name: string, begin: string): string => here(`{ ${guide.take(name, begin).text}; } || [ $? -eq 1 ]`);
  const tables = (): string[] =>
    cluster.nodes.map(({ node }) => run(inNamespace(node.namespace, ['nft', 'list', 'tables', 'inet'])).match(/sallyport$/m)?.[0] ?? '');
  const ready = (): string =>
    cluster.kubectl(['-n', 'kube-system', 'get', 'daemonset/sallyport-agent', '-o', 'jsonpath={.status.numberReady}']);

  /** What an earlier run may have left. */
  const uninstallChart = (): void => {
    if (withoutHelm === undefined) here('helm uninstall sallyport -n kube-system --ignore-not-found');
  };

  beforeAll(async () => {
    // No node is left out for an agent that a test has had as a process; then as it is before anybody has installed anything.
    await replaceAgents(cluster);
    uninstallChart();
    here('kubectl delete -f deploy/manifests/sallyport.yaml --ignore-not-found');
  }, 600_000);
  afterAll(async () => {
    uninstallChart();
    await replaceAgents(cluster);
  }, 600_000);

  test('the image is built, and given to the nodes', { timeout: 600_000 }, () => {
    run(inClone(guide.take(install, 'make image').text));
    run(inClone(guide.take(install, 'make image IMAGE=registry.example/sallyport').text));
    const load = guide.take(install, 'ctr -n k8s.io images import build/image/sallyport.tar').text;
    for (const node of cluster.nodes) {
      run(node.within(...inClone(load)));
      expect(run(node.within('ctr', '-n', 'k8s.io', 'images', 'list', '-q'))).toContain('registry.example/sallyport:0.1.0\n');
    }
  });

  test('it is installed with Helm, upgraded and removed, and leaves nothing in the kernels', { timeout: 900_000 }, ({ skip }) => {
    if (withoutHelm !== undefined) skip(withoutHelm);
    follow(install, helm[0]);
    follow(install, rollout);
    expect([ready(), ...tables()]).toEqual(['2', 'sallyport', 'sallyport']);
    follow(install, helm[1]);
    expect(tables()).toEqual(['sallyport', 'sallyport']);
    follow(install, helm[2]);
    follow(install, rollout);
    expect(tables()).toEqual(['', '']);
    follow(install, helm[3]);
    expect(here('kubectl -n kube-system get daemonsets,serviceaccounts -l app.kubernetes.io/name=sallyport -o name')).toBe('');
  });

  test('it is installed with the manifests', { timeout: 600_000 }, () => {
    follow(install, "sed 's#localhost/sallyport#registry.example/sallyport#' deploy/manifests/sallyport.yaml");
    follow(install, rollout);
    expect([ready(), ...tables()]).toEqual(['2', 'sallyport', 'sallyport']);
  });

  test('its pods are asked what hinders them', () => {
    const inPod = ask(troubleshoot, 'kubectl -n kube-system exec daemonset/sallyport-agent -- sallyport doctor');
    expect(inPod).toMatch(/^ok {7}rights /m);
    // It has no right to make namespaces there, as the page says.
    expect(inPod).toMatch(/^skipped {2}self-test /m);
    const inAll = ask(troubleshoot, 'for pod in $(kubectl -n kube-system get pods');
    expect(inAll.match(/^ok {7}rights /gm)).toHaveLength(cluster.nodes.length);
    expect(inAll).not.toContain('self-test');
  });

  test('a node is asked with all rights', () => {
    const { text } = guide.take(troubleshoot, 'kubectl debug node/worker-a');
    const node = cluster.nodes[0]!.node.name;
    here(`${text.replace('worker-a', node)} || [ $? -eq 1 ]`);
    // What it has said stands in the log, however soon it ended.
    const [pod = ''] = here('kubectl get pods -o name').match(/^pod\/node-debugger-.*$/m) ?? [];
    const phase = (): string => here(`kubectl get ${pod} -o 'jsonpath={.status.phase}'`);
    for (const deadline = Date.now() + 60_000; !/Succeeded|Failed/.test(phase()) && Date.now() < deadline; );
    // With -t it is a terminal.
    const said = stripVTControlCharacters(here(`kubectl logs ${pod}`));
    here(`kubectl delete ${pod}`);
    expect(said).toMatch(/^ok {7}rights /m);
    expect(said).toMatch(/^ok {7}self-test {6}[1-9]\d* connections passed/m);
  });

  test('doctor looks at the cluster, and finds both agents', () => {
    const diagnosis = JSON.parse(here('sallyport doctor --live -o json || [ $? -eq 1 ]')) as {
      checks: { check: string; summary: string }[];
    };
    const summary = new Map(diagnosis.checks.map((each) => [each.check, each.summary]));
    expect(summary.get('agents')).toMatch(/^2 of 2 nodes have a ready agent of version /);
    expect(summary.get('account')).toBe('system:serviceaccount:kube-system:sallyport-agent may do what agents do');
    expect(summary.get('engines')).toBe('no other engine of network policy');
  });

  test('the manifests take it away, and leave nothing in the kernels', { timeout: 600_000 }, () => {
    follow(install, "sed 's#localhost/sallyport#registry.example/sallyport#' deploy/manifests/remove.yaml");
    follow(install, rollout);
    expect(tables()).toEqual(['', '']);
    follow(install, 'kubectl delete -f deploy/manifests/sallyport.yaml');
    expect(here('kubectl -n kube-system get daemonsets -l app.kubernetes.io/name=sallyport -o name')).toBe('');
  });

  test('nothing is left out', () => {
    if (withoutHelm !== undefined) for (const begin of helm) guide.take(install, begin);
    expect(guide.left).toEqual([]);
  });
});
