import { matches } from '../../label/selector.ts';
import type { LintContext } from '../context.ts';
import type { Remark } from '../finding.ts';
import { type PodPeerItem, podPeersIn, remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Two peers next to each other, one of namespaces only and one of pods only: either, where both at once may have been meant. */
export const andOrDash: LintRule = {
  code: 'and-or-dash',
  severity: 'warning',
  summary: 'a dash too many makes "these pods of that namespace" into "that namespace, or these pods here"',
  *check(context) {
    for (const rule of context.rules()) {
      const peers = podPeersIn(rule);
      for (const [index, first] of peers.entries()) {
        const second = peers[index + 1];
        if (second !== undefined && second.place === first.place + 1) yield* remarks(context, first, second);
      }
    }
  },
};

const isOfNamespaces = ({ item }: PodPeerItem): boolean =>
  item.namespaces !== undefined && item.namespaces.requirements.length > 0 && item.pods.requirements.length === 0;
const isOfPods = ({ item }: PodPeerItem): boolean => item.namespaces === undefined && item.pods.requirements.length > 0;

function* remarks(context: LintContext, first: PodPeerItem, second: PodPeerItem): Iterable<Remark> {
  const [namespaces, pods] = isOfNamespaces(first) ? [first, second] : [second, first];
  if (!isOfNamespaces(namespaces) || !isOfPods(pods)) return;
  const { namespace } = pods.of.policy.policy;
  const isIn = (name: string): boolean => context.carriers(name).some(({ labels }) => matches(pods.item.pods, labels));
  // Pods of that kind live here: either was meant.
  if (isIn(namespace)) return;
  const others = context.namespacesBy(namespaces.item.namespaces!).filter(({ name }) => name !== namespace);
  const isThere = others.some(({ name }) => isIn(name));
  if (!isThere && context.carriers(namespace).length > 0) return;
  const who = `all pods of the namespaces with ${namespaces.item.namespaces!.key}, or pods with ${pods.item.pods.key} of namespace ${namespace}`;
  const hint = isThere ? 'such pods are in the former only' : 'for those pods of those namespaces, both selectors belong to one item';
  const { source } = second;
  // The second peer means nobody, and both together do: without its dash nobody is lost who was meant.
  const fix = source && { fix: { source, find: '-', replace: ' ' } };
  yield remarkOn(second, 'peers', `this means ${who}; ${hint}`, isThere ? { ...fix } : { severity: 'note' });
}
