import { describe, expect, test } from 'vitest';
import { auditedAmong, auditIn, auditOf } from './audit.ts';
import { closedClusterNetworkPolicy, closedNetworkPolicy } from './closed-policy.ts';
import { decodeObject } from './decode.ts';

const policy = (namespace: string, name: string, audit?: unknown): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace, name, ...(audit !== undefined && { annotations: { 'sallyport.dev/audit': audit } }) },
});

describe('what is in audit', () => {
  test.each([
    ['true', true],
    ['false', false],
    ['True', false],
    ['', false],
  ])('an annotation %j says %j', (said, audit) => expect(auditOf({ 'sallyport.dev/audit': said })).toEqual({ audit }));

  test('no annotation says nothing', () => expect([auditOf(), auditOf({ other: 'true' })]).toEqual([{}, {}]));

  test.each<[string, unknown, { readonly audit?: boolean }]>([
    ['nothing', undefined, {}],
    ['no annotations', { metadata: {} }, {}],
    ['annotations that can not be read', { metadata: { annotations: 7 } }, { audit: false }],
    ['an annotation that can not be read', { metadata: { annotations: { 'sallyport.dev/audit': true } } }, { audit: false }],
    ['an annotation', { metadata: { annotations: { 'sallyport.dev/audit': 'true' } } }, { audit: true }],
  ])('of a policy that can not be read, %s', (_, value, said) => {
    expect(auditIn(value)).toEqual(said);
    expect(closedNetworkPolicy(value, { namespace: 'shop', name: 'p' }).audit).toBe(said.audit);
    expect(closedClusterNetworkPolicy(value, 'p').audit).toBe(said.audit);
  });

  test('a policy by itself, or by its namespace', () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', annotations: { 'sallyport.dev/audit': 'true' } } };
    const manifests = [namespace, policy('shop', 'a'), policy('shop', 'b', 'false'), policy('blog', 'c', 'true'), policy('blog', 'd')];
    const objects = manifests.flatMap((manifest) => decodeObject(manifest).objects);
    expect(auditedAmong(objects).map(({ name }) => name)).toEqual(['a', 'c']);
  });
});
