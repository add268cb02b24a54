import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A NetworkPolicy with what kube-apiserver v1.34.4 says of it. */
export interface ValidationCase {
  readonly id: string;
  readonly kind: 'NetworkPolicy';
  readonly yaml: string;
  readonly old?: string;
  readonly strictCIDR: boolean;
  readonly unknownOrDuplicateFields: boolean;
  readonly outcome: 'valid' | 'invalid' | 'decode-error';
  readonly errors?: readonly { readonly path: string; readonly type: string }[];
  readonly policyTypes?: readonly string[];
  readonly warnings?: readonly string[];
  readonly warningCount?: number;
}

/** A ClusterNetworkPolicy with what each of the two schemas says of it, enforced by kube-apiserver v1.34.4. */
export interface SchemaCase {
  readonly id: string;
  readonly kind: 'ClusterNetworkPolicy';
  readonly yaml: string;
  readonly standard: SchemaOutcome;
  readonly experimental: SchemaOutcome;
}

interface SchemaOutcome {
  readonly outcome: 'valid' | 'invalid';
  readonly errors?: readonly { readonly path: string; readonly type: string }[];
  /** Fields that the API server drops. */
  readonly prunedFields?: readonly string[];
}

const cases = parse(readFileSync(new URL('validation.yaml', import.meta.url), 'utf8')) as (ValidationCase | SchemaCase)[];
export const policyCases = cases.filter((each) => each.kind === 'NetworkPolicy');
export const schemaCases = cases.filter((each) => each.kind === 'ClusterNetworkPolicy');
