import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A manifest with what kube-apiserver v1.34.4 says of it. */
export interface ValidationCase {
  readonly id: string;
  readonly kind: string;
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

const cases = parse(readFileSync(new URL('validation.yaml', import.meta.url), 'utf8')) as ValidationCase[];
export const policyCases = cases.filter(({ kind }) => kind === 'NetworkPolicy');
export const otherCases = cases.filter(({ kind }) => kind !== 'NetworkPolicy');
