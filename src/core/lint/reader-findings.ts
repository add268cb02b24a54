import type { Diagnostic } from '../api/diagnostic.ts';
import type { Finding } from './finding.ts';
import type { RuleTitle } from './rule.ts';

/** What the door finds, by the codes under which people look it up. The first that fits is taken. */
const doorRules: readonly (RuleTitle & { readonly isMeant: (fault: Diagnostic) => boolean })[] = [
  {
    code: 'unreadable-input',
    severity: 'error',
    summary: 'a file or document cannot be read',
    isMeant: ({ code }) => ['syntax', 'limit', 'encoding', 'file', 'unknown-kind'].includes(code),
  },
  {
    code: 'deprecated-api',
    severity: 'error',
    summary: 'a policy of an API version that is no more, or that this program does not read',
    isMeant: ({ code }) => code === 'unsupported-kind',
  },
  {
    code: 'unknown-field',
    severity: 'error',
    summary: 'a field that the API does not have, or one that is there twice: whatever was meant, it is not what is read',
    isMeant: ({ type, severity }) => type === 'Strict' && severity === 'error',
  },
  {
    code: 'duplicate-address',
    severity: 'error',
    summary: 'two pods have one address: whom it belongs to, nobody can know',
    isMeant: ({ code }) => code === 'duplicate-address',
  },
  {
    code: 'duplicate-object',
    severity: 'error',
    summary: 'the same kind, namespace and name twice: the last one applied would win',
    isMeant: ({ code }) => code === 'duplicate-object',
  },
  {
    code: 'foreign-policy',
    severity: 'warning',
    summary: 'a policy of a kind that only a network plugin or a service mesh knows: it decides about traffic, and answers are without it',
    isMeant: ({ code, severity }) => code === 'foreign-policy' && severity === 'warning',
  },
  {
    code: 'cidr-host-bits',
    severity: 'warning',
    summary: 'a CIDR that is not written as its network: implementations read it differently',
    isMeant: ({ code, message }) => code === 'warning' && message.includes('CIDR'),
  },
  {
    code: 'api-warning',
    severity: 'warning',
    summary: 'something that the API server would warn of',
    isMeant: ({ severity }) => severity === 'warning',
  },
  {
    code: 'yaml11-bool-label',
    severity: 'error',
    summary: 'a label or port that YAML reads as a boolean or number: `y`, `on`, `010`; put it in quotes',
    isMeant: ({ type, path = '', message }) =>
      type === 'Decode' && /cannot unmarshal (bool|number)/.test(message) && /matchLabels|labels|values/.test(path),
  },
  {
    code: 'empty-peer',
    severity: 'error',
    summary: 'a peer that names nobody: neither pods, nor namespaces, nor a block',
    isMeant: ({ message }) => message.includes('must specify a peer'),
  },
  {
    code: 'peer-ipblock-with-selector',
    severity: 'error',
    summary: 'a peer with a block and a selector: it has to be one of them',
    isMeant: ({ type, path = '' }) => type === 'Forbidden' && /\.(from|to)\[\d+\]/.test(path) && !path.includes('matchExpressions'),
  },
  {
    code: 'except-outside-cidr',
    severity: 'error',
    summary: 'an exception that is not inside of its block',
    isMeant: ({ path = '' }) => path.includes('.except['),
  },
  {
    code: 'invalid-cidr',
    severity: 'error',
    summary: 'a block that is no CIDR',
    isMeant: ({ path = '' }) => path.includes('ipBlock') || path.includes('networks['),
  },
  {
    code: 'invalid-port-range',
    severity: 'error',
    summary: 'a port or a range of ports that cannot be',
    isMeant: ({ path = '' }) => /\.(ports|protocols)\[\d+\]/.test(path) && path.startsWith('spec.'),
  },
  {
    code: 'invalid-selector',
    severity: 'error',
    summary: 'a selector that the API server refuses',
    isMeant: ({ path = '' }) => /[sS]elector|matchLabels|matchExpressions/.test(path),
  },
  { code: 'invalid-object', severity: 'error', summary: 'an object that the API server refuses', isMeant: () => true },
];

/** The titles of what the door finds. */
export const doorTitles: readonly RuleTitle[] = doorRules.map(({ code, severity, summary }) => ({ code, severity, summary }));

/** What the door has found, as findings. */
export function findingOf(diagnostic: Diagnostic): Finding {
  const { severity, message, path, type, object } = diagnostic;
  // A file that could not be read has no lines.
  const source = diagnostic.code === 'file' ? undefined : diagnostic.source;
  const { code } = doorRules.find(({ isMeant }) => isMeant(diagnostic))!;
  // Strict faults name the path in their own words.
  const file = diagnostic.code === 'file' && diagnostic.source ? `${diagnostic.source.file}: ` : '';
  const field = path === undefined || path === '' || type === 'Strict' ? '' : `${path}: `;
  const policy = /^(NetworkPolicy) ([^/]+)\/(.+)$|^(ClusterNetworkPolicy) (.+)$/.exec(object ?? '');
  return {
    code,
    severity,
    message: `${file}${field}${message}${policy === null && object !== undefined ? ` (${object})` : ''}`,
    ...(policy?.[1] && { policy: { kind: 'NetworkPolicy' as const, namespace: policy[2]!, name: policy[3]! } }),
    ...(policy?.[4] && { policy: { kind: 'ClusterNetworkPolicy' as const, name: policy[5]! } }),
    ...(source && { source }),
  };
}
