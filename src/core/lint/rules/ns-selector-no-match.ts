import { namespaceNameLabel } from '../../api/namespace.ts';
import { closest } from '../../api/spelling.ts';
import type { LintContext } from '../context.ts';
import { systemNamespaces } from '../context.ts';
import type { Remark } from '../finding.ts';
import { type PodPeerItem, pathOf } from '../linted-policy.ts';
import { nearMiss } from '../misses.ts';
import type { LintRule } from '../rule.ts';

/** A selector of namespaces that selects none, where it can be known what there is. */
export const nsSelectorNoMatch: LintRule = {
  code: 'ns-selector-no-match',
  severity: 'warning',
  summary: 'a peer selects namespaces, and there is none that it selects',
  *check(context) {
    for (const peer of context.podPeers()) yield* remarks(context, peer);
  },
};

function* remarks(context: LintContext, { of, place, item }: PodPeerItem): Iterable<Remark> {
  const selector = item.namespaces;
  if (selector === undefined || selector.requirements.length === 0 || context.namespacesBy(selector).length > 0) return;
  if (selector.requirements.some(({ key }) => key === 'name')) return; // ns-label-name-missing
  const path = [...pathOf(of, 'peers', place), 'namespaceSelector'];
  const named = selector.requirements.find(({ key }) => key === namespaceNameLabel);
  const hint = hintFor(context, named !== undefined && 'values' in named ? named.values : undefined, () => {
    const near = nearMiss(
      selector,
      context.namespaces.map(({ labels }) => labels),
    );
    if (near.kind !== 'near') return undefined;
    return near.isKey ? `the label ${near.meant}` : `${near.key}=${near.meant}`;
  });
  if (hint === undefined && !isInventory(context, named !== undefined)) return;
  const source = named === undefined ? undefined : of.policy.at([...path, 'matchLabels', namespaceNameLabel]);
  const fix = source && hint !== undefined && 'values' in named! && { fix: { source, find: named.values[0]!, replace: hint } };
  yield of.policy.remark(path, `no namespace has ${selector.key}${hint === undefined ? '' : `; did you mean ${hint}?`}`, { ...fix });
}

function hintFor({ namespaces }: LintContext, values: readonly string[] | undefined, other: () => string | undefined): string | undefined {
  if (values === undefined) return other();
  if (values.some((value) => systemNamespaces.has(value))) return undefined;
  const known = namespaces.map(({ name }) => name);
  return values.map((value) => closest(value, known)).find((name) => name !== undefined);
}

/** Files that hold Namespaces with labels tell which labels there are; which namespaces there are, only a whole cluster tells. */
const isInventory = ({ isComplete, namespaces }: LintContext, byName: boolean): boolean =>
  isComplete || (!byName && namespaces.some(({ isObject, labels }) => isObject && Object.keys(labels).length > 1));
