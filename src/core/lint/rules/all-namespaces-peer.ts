import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A peer of every namespace that there is or will be. */
export const allNamespacesPeer: LintRule = {
  code: 'all-namespaces-peer',
  severity: 'note',
  summary: 'an ingress rule lets in pods of every namespace, those of other tenants included',
  *check(context) {
    for (const peer of context.podPeers('ingress')) {
      const { namespaces, pods } = peer.item;
      if (namespaces === undefined || namespaces.requirements.length > 0) continue;
      const message =
        pods.requirements.length === 0
          ? 'every pod of every namespace may connect, also of namespaces to come'
          : `whoever may make a pod in any namespace can give it ${pods.key} and connect`;
      yield remarkOn(peer, 'peers', message);
    }
  },
};
