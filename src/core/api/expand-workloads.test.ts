import { describe, expect, it } from 'vitest';
import { decodeObject } from './decode.ts';
import { expandWorkloads } from './expand-workloads.ts';
import type { Node, Pod } from './types.ts';
import type { Workload } from './workload.ts';

const versions: Readonly<Record<string, string>> = {
  Pod: 'v1',
  Node: 'v1',
  ReplicationController: 'v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
};

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ ports: [{ containerPort: 80, name: 'http' }] }] } };

const objectOf = (kind: string, name: string, spec: object, metadata: object = {}): object => ({
  apiVersion: versions[kind] ?? 'apps/v1',
  kind,
  metadata: { name, ...metadata },
  spec: { ...(kind === 'Pod' || kind === 'Node' || kind === 'CronJob' ? {} : { template }), ...spec },
});

const ownedBy = (kind: string, name: string): object => ({ ownerReferences: [{ kind, name, controller: true }] });

function expand(...values: readonly object[]): readonly Pod[] {
  const { objects, workloads, diagnostics } = decodeObject({ apiVersion: 'v1', kind: 'List', items: values });
  expect(diagnostics).toEqual([]);
  return expandWorkloads(
    objects.filter((object): object is Pod => object.kind === 'Pod'),
    workloads as Workload[],
    objects.filter((object): object is Node => object.kind === 'Node'),
  );
}

const namesOf = (pods: readonly Pod[]): string[] => pods.map(({ name }) => name);

describe('the pods that workloads would make', () => {
  it.each([
    ['Deployment', {}, 1],
    ['Deployment', { replicas: 3 }, 3],
    ['ReplicaSet', { replicas: 0 }, 0],
    ['ReplicationController', { replicas: 2 }, 2],
    ['StatefulSet', { replicas: 2 }, 2],
    ['DaemonSet', {}, 1],
    ['Job', {}, 1],
    ['Job', { parallelism: 5, completions: 2 }, 2],
    ['Job', { parallelism: 5 }, 5],
    ['Job', { parallelism: 0 }, 0],
    ['Job', { suspend: true }, 0],
    ['CronJob', { jobTemplate: { spec: { parallelism: 2, template } } }, 2],
    ['CronJob', { suspend: true, jobTemplate: { spec: { template } } }, 0],
  ])('%s %j: %i', (kind, spec, count) => {
    const pods = expand(objectOf(kind, 'web', spec));
    expect(namesOf(pods)).toEqual(Array.from({ length: count }, (_, index) => `web-${index}`));
    for (const pod of pods) {
      expect(pod).toMatchObject({
        namespace: 'default',
        labels: { app: 'web' },
        owner: { kind, name: 'web' },
        phase: 'Running',
        addresses: [],
      });
      expect(pod.ports).toEqual([{ name: 'http', protocol: 'TCP', port: 80 }]);
    }
  });

  it('gives the labels that StatefulSets and Jobs add', () => {
    expect(expand(objectOf('StatefulSet', 'db', { ordinals: { start: 4 } }))).toMatchObject([
      { name: 'db-4', labels: { 'statefulset.kubernetes.io/pod-name': 'db-4', 'apps.kubernetes.io/pod-index': '4' } },
    ]);
    expect(expand(objectOf('Job', 'once', {}))[0]!.labels).toMatchObject({ 'batch.kubernetes.io/job-name': 'once' });
  });

  it('puts a DaemonSet on every node that its selector matches', () => {
    const nodes = [objectOf('Node', 'n2', {}), objectOf('Node', 'n1', {}, { labels: { disk: 'ssd' } })];
    const onEvery = expand(objectOf('DaemonSet', 'agent', {}), ...nodes);
    expect(onEvery.map(({ name, node }) => [name, node])).toEqual([
      ['agent-0', 'n1'],
      ['agent-1', 'n2'],
    ]);
    const choosy = { template: { ...template, spec: { ...template.spec, nodeSelector: { disk: 'ssd', 'kubernetes.io/os': 'linux' } } } };
    expect(expand(objectOf('DaemonSet', 'agent', choosy), ...nodes).map(({ node }) => node)).toEqual(['n1']);
  });

  it('makes none for a workload that has pods', () => {
    const hash = { labels: { 'pod-template-hash': '5d' } };
    const pods = expand(
      objectOf('Deployment', 'web', { replicas: 3 }),
      objectOf('ReplicaSet', 'web-5d', { replicas: 3 }, ownedBy('Deployment', 'web')),
      objectOf('Pod', 'web-5d-x', {}, { ...hash, ...ownedBy('ReplicaSet', 'web-5d') }),
    );
    expect(pods).toMatchObject([{ name: 'web-5d-x', owner: { kind: 'Deployment', name: 'web' } }]);
  });

  it('follows controllers as far up as they are known', () => {
    const cron = objectOf('CronJob', 'nightly', { jobTemplate: { spec: { template } } });
    const job = objectOf('Job', 'nightly-123', {}, ownedBy('CronJob', 'nightly'));
    expect(expand(cron, job)).toMatchObject([{ name: 'nightly-0', owner: { kind: 'CronJob', name: 'nightly' } }]);
    expect(expand(job)).toMatchObject([{ name: 'nightly-123-0', owner: { kind: 'CronJob', name: 'nightly' } }]);
    expect(expand(cron, job, objectOf('Pod', 'p', {}, ownedBy('Job', 'nightly-123')))).toMatchObject([
      { name: 'p', owner: { kind: 'CronJob', name: 'nightly' } },
    ]);
    const ring = [objectOf('Job', 'a', {}, ownedBy('Job', 'b')), objectOf('Job', 'b', {}, ownedBy('Job', 'a'))];
    expect(expand(...ring)).toEqual([]);
  });

  it('makes none for a Job that is over', () => {
    const over = { ...objectOf('Job', 'done', {}), status: { conditions: [{ type: 'Complete', status: 'True' }] } };
    expect(expand(over)).toEqual([]);
  });

  it('never takes a name that a pod has', () => {
    const pods = expand(
      objectOf('Deployment', 'web', {}),
      objectOf('StatefulSet', 'web', {}),
      objectOf('Job', 'web', {}),
      objectOf('Pod', 'web-job-0', {}),
    );
    expect(pods.map(({ name, owner }) => `${name} ${owner?.kind}`)).toEqual([
      'web-job-0 undefined',
      'web-0 StatefulSet',
      'web-deployment-0 Deployment',
      'web-job-0-0 Job',
    ]);
  });

  it('refuses counts that can not be and workloads without a template', () => {
    const faultsOf = (value: object): string[] => decodeObject(value).diagnostics.map(({ path, message }) => `${path}: ${message}`);
    expect(faultsOf(objectOf('Deployment', 'web', { replicas: -1 }))).toEqual([
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ]);
    expect(faultsOf(objectOf('Deployment', 'web', { replicas: 2_000_000_000 }))).toHaveLength(1);
    expect(faultsOf(objectOf('CronJob', 'web', {}))).toEqual(['spec.jobTemplate.spec.template: Required value']);
  });
});
