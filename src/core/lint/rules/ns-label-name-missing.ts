import { namespaceNameLabel } from '../../api/namespace.ts';
import type { LintContext } from '../context.ts';
import type { Remark } from '../finding.ts';
import { type PodPeerItem, pathOf } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

const nameLike: ReadonlySet<string> = new Set(['name', 'namespace', 'ns', 'kubernetes.io/name']);

/** A namespace selected by a label `name`, which nothing sets by itself. */
export const nsLabelNameMissing: LintRule = {
  code: 'ns-label-name-missing',
  severity: 'warning',
  summary: 'no namespace has a label `name` by itself; the one that is always there is `kubernetes.io/metadata.name`',
  *check(context) {
    for (const peer of context.podPeers()) yield* remarks(context, peer);
  },
};

function* remarks(context: LintContext, { of, place, item }: PodPeerItem): Iterable<Remark> {
  for (const requirement of item.namespaces?.requirements ?? []) {
    if (requirement.operator !== 'In' || requirement.values.length !== 1 || !nameLike.has(requirement.key)) continue;
    const { key, values } = requirement;
    const [value] = values;
    const carrying = context.namespaces.filter(({ labels }) => Object.hasOwn(labels, key));
    // A label that says something else than the name is a label like any other.
    if (carrying.some(({ name, labels }) => labels[key] !== name)) continue;
    if (carrying.length > 0 && !carrying.some(({ name }) => name === value)) continue;
    const path = [...pathOf(of, 'peers', place), 'namespaceSelector', 'matchLabels', key];
    const source = of.policy.at(path);
    const fix = source && { source, find: `${key}:`, replace: `${namespaceNameLabel}:` };
    const more = { ...(fix && { fix }), ...(carrying.length > 0 && { severity: 'note' as const }) };
    const message =
      carrying.length === 0
        ? `no namespace is known to have the label ${key}, which nothing sets by itself; \`${namespaceNameLabel}: ${value}\` is always there`
        : `the label ${key} was given to namespace ${value} by hand, and who may edit the namespace may change it; \`${namespaceNameLabel}: ${value}\` is always there`;
    yield of.policy.remark(path, message, more);
  }
}
