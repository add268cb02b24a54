import { everything, type Selector } from '../label/selector.ts';
import { auditIn } from './audit.ts';
import { clusterNetworkPolicyKinds } from './cluster-network-policy.ts';
import { Faults, nowhere } from './faults.ts';
import { Pool } from './pool.ts';
import { isObject, type Reader } from './reader.ts';
import { labelSelector, readablePartOf } from './selector.ts';
import type { ClusterNetworkPolicy, NetworkPolicy } from './types.ts';

/*
 * What stands for a policy that an API server holds and that can't be decoded, because it is older or newer than this program or was written
 * past the server: it closes whomever it can mean, and nobody else.
 */

/** It isolates in every direction that it can mean and lets nothing through; other policies of its pods go on letting through what they say. */
export function closedNetworkPolicy(value: unknown, id: { readonly namespace: string; readonly name: string }): NetworkPolicy {
  const { podSelector, policyTypes } = specOf(value);
  const types: readonly unknown[] = Array.isArray(policyTypes) ? policyTypes : [];
  const isSure = types.length > 0 && types.every((type) => type === 'Ingress' || type === 'Egress');
  return {
    kind: 'NetworkPolicy',
    ...id,
    subject: widestSelector(podSelector),
    ...auditIn(value),
    ...((!isSure || types.includes('Ingress')) && { ingress: [] }),
    ...((!isSure || types.includes('Egress')) && { egress: [] }),
  };
}

/** It denies everything, as early as it can mean to. */
export function closedClusterNetworkPolicy(value: unknown, name: string): ClusterNetworkPolicy {
  const { tier, priority, subject } = specOf(value);
  const isPriority = Number.isInteger(priority) && (priority as number) >= 0 && (priority as number) <= 1000;
  // Rules that are not understood are closed by the kind itself.
  const rules = [{ action: '' }];
  const spec = {
    tier: tier === 'Baseline' ? tier : 'Admin',
    priority: isPriority ? priority : 0,
    subject: isReadable(clusterKind.reader, { spec: { subject } }) ? subject : {},
    ingress: rules,
    egress: rules,
  };
  const written = clusterKind.reader.read({ metadata: { name }, spec }, reading());
  const closed = clusterKind.build(written, {
    place: nowhere,
    defaultNamespace: '',
    pool: new Pool(),
    strictCidr: false,
    tolerantValues: false,
    isStored: true,
  });
  return { ...closed, ...auditIn(value) };
}

const clusterKind = clusterNetworkPolicyKinds.experimental;

const specOf = (value: unknown): Readonly<Record<string, unknown>> => (isObject(value) && isObject(value.spec) ? value.spec : {});

const reading = (faults = new Faults('', nowhere)) => ({ faults, path: [], unknownFields: 'warning' as const });

/** Selects no less than the written selector can mean. */
const widestSelector = (written: unknown): Selector =>
  isObject(written) && isReadable(labelSelector, written) ? readablePartOf(labelSelector.read(written, reading())) : everything;

function isReadable(reader: Reader<unknown>, value: unknown): boolean {
  const faults = new Faults('', nowhere);
  reader.read(value, reading(faults));
  return faults.readable;
}
