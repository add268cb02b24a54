import type { Labels } from '../label/selector.ts';
import { auditOf } from './audit.ts';
import type { Faults } from './faults.ts';
import type { Kind, Surroundings } from './kind.ts';
import { annotatedMetadata, validateIdentity } from './metadata.ts';
import { checkLabel } from './names.ts';
import { partial, type ReadOf, string } from './reader.ts';
import type { Namespace } from './types.ts';

/** The label that the API server gives every namespace, its name as the value. Source: semantics.md section 1.2. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** What this program reads of a Namespace. Source: Namespace in core/v1. */
const reader = partial({ metadata: annotatedMetadata, status: partial({ phase: string }) });

type WrittenNamespace = ReadOf<typeof reader>;

const naming = { name: checkLabel, namespaced: false };

/** What is checked of a Namespace. */
function validate(written: WrittenNamespace, _: Surroundings, faults: Faults): void {
  validateIdentity(written.metadata ?? {}, naming, '', faults);
}

/** The valid namespace. Its name label is set, whatever was written. */
function build({ metadata: meta = {}, status = {} }: WrittenNamespace, { place }: Surroundings): Namespace {
  const name = meta.name ?? '';
  const labels: Labels = { ...meta.labels, [namespaceNameLabel]: name };
  const source = place([]);
  return {
    kind: 'Namespace',
    name,
    labels,
    terminating: meta.deletionTimestamp !== undefined || status.phase === 'Terminating',
    ...auditOf(meta.annotations),
    ...(source && { source }),
  };
}

export const namespaceKind: Kind<WrittenNamespace, Namespace> = { apiVersion: 'v1', kind: 'Namespace', reader, validate, build };
