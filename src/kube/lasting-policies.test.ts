import { beforeEach, describe, expect, test } from 'vitest';
import { decodeObject } from '#core/api/decode.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { KeptObjects } from './kept-objects.ts';
import { LastingPolicies } from './lasting-policies.ts';

const decoded = (apiVersion: string, kind: string, name: string, rest: object = {}): KubernetesObject => {
  const metadata = { name, ...(kind !== 'Namespace' && { namespace: 'shop' }), ...('metadata' in rest && (rest.metadata as object)) };
  const { objects, diagnostics } = decodeObject({ apiVersion, kind, ...rest, metadata });
  expect(diagnostics).toEqual([]);
  return objects[0]!;
};
const put = (object: KubernetesObject): ClusterChange => ({ type: 'put', object });
const gone = (kind: KubernetesObject['kind'], name: string): ClusterChange => ({ type: 'delete', id: { kind, namespace: 'shop', name } });

const living = put(decoded('v1', 'Namespace', 'shop'));
const dying = put(decoded('v1', 'Namespace', 'shop', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }));
const pod = decoded('v1', 'Pod', 'web');
const policy = put(decoded('networking.k8s.io/v1', 'NetworkPolicy', 'deny', { spec: { podSelector: {} } }));

describe('the policies of a namespace', () => {
  let pods: KeptObjects;
  let lasting: LastingPolicies;
  beforeEach(() => {
    pods = new KeptObjects();
    pods.put(pod);
    lasting = new LastingPolicies((namespace) => pods.hasAnyIn(namespace));
  });

  test('go when they are deleted while it lives', () => {
    expect(lasting.filter([living, policy, gone('NetworkPolicy', 'deny')])).toEqual([living, policy, gone('NetworkPolicy', 'deny')]);
  });

  test('stay while it dies, and go with its last pod', () => {
    lasting.filter([living, policy]);
    expect(lasting.filter([dying, gone('NetworkPolicy', 'deny')])).toEqual([dying]);
    pods.delete({ namespace: 'shop', name: 'web' });
    expect(lasting.filter([gone('Pod', 'web')])).toEqual([gone('Pod', 'web'), gone('NetworkPolicy', 'deny')]);
    expect(lasting.filter([gone('Pod', 'web')])).toEqual([gone('Pod', 'web')]);
  });

  test('stay when one of its pods goes and another is there', () => {
    pods.put(decoded('v1', 'Pod', 'db'));
    lasting.filter([dying, gone('NetworkPolicy', 'deny')]);
    pods.delete({ namespace: 'shop', name: 'web' });
    expect(lasting.filter([gone('Pod', 'web')])).toEqual([gone('Pod', 'web')]);
  });

  test('go at once while it dies without pods', () => {
    pods.delete({ namespace: 'shop', name: 'web' });
    expect(lasting.filter([dying, gone('NetworkPolicy', 'deny')])).toEqual([dying, gone('NetworkPolicy', 'deny')]);
  });

  test('stay when it is gone before its pods are: each kind has a stream of its own', () => {
    const noMore: ClusterChange = { type: 'delete', id: { kind: 'Namespace', name: 'shop' } };
    lasting.filter([living, policy]);
    expect(lasting.filter([noMore, gone('NetworkPolicy', 'deny')])).toEqual([noMore]);
    pods.delete({ namespace: 'shop', name: 'web' });
    expect(lasting.filter([gone('Pod', 'web')])).toEqual([gone('Pod', 'web'), gone('NetworkPolicy', 'deny')]);
  });

  test('that are written anew are not deleted any more', () => {
    lasting.filter([dying, gone('NetworkPolicy', 'deny')]);
    expect(lasting.filter([policy])).toEqual([policy]);
    pods.delete({ namespace: 'shop', name: 'web' });
    expect(lasting.filter([gone('Pod', 'web')])).toEqual([gone('Pod', 'web')]);
  });

  test('of the old one go when there is a new one of its name', () => {
    lasting.filter([dying, gone('NetworkPolicy', 'deny')]);
    expect(lasting.filter([living])).toEqual([living, gone('NetworkPolicy', 'deny')]);
  });
});

describe('objects that are kept', () => {
  const web = (rest: object) => decoded('v1', 'Pod', 'web', rest);

  test('change when they say something else', () => {
    const kept = new KeptObjects();
    expect(kept.put(pod)).toEqual(put(pod));
    expect(kept.put(web({ status: { conditions: [{ type: 'Ready' }] } }))).toBeUndefined();
    const placed = web({ spec: { nodeName: 'n1' } });
    expect(kept.put(placed)).toEqual(put(placed));
  });

  test('are replaced by what differs, and the rest goes', () => {
    const kept = new KeptObjects();
    const db = decoded('v1', 'Pod', 'db');
    const moved = web({ spec: { nodeName: 'n2' } });
    kept.replace([pod, db]);
    expect(kept.replace([moved])).toEqual([put(moved), gone('Pod', 'db')]);
    expect(kept.replace([moved])).toEqual([]);
    expect(kept.delete({ namespace: 'shop', name: 'db' })).toBeUndefined();
    expect(kept.replace([])).toEqual([gone('Pod', 'web')]);
    expect(kept.hasAnyIn('shop')).toBe(false);
  });
});
