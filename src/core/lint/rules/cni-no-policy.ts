import { podsOf } from '../../cluster/cluster.ts';
import type { LintContext } from '../context.ts';
import type { LintRule } from '../rule.ts';

/** A cluster whose network plugin enforces nothing. */
export const cniNoPolicy: LintRule = {
  code: 'cni-no-policy',
  severity: 'warning',
  summary: 'the pods are connected by Flannel, which enforces no policy, and nothing else is there that does',
  *check(context) {
    const [first] = context.policies;
    const isEnforced = [...context.originals.notes.values()].some(({ enforces }) => enforces);
    if (first === undefined || isEnforced || !hasFlannel(context)) return;
    const { policy } = first;
    const message = 'Flannel connects the pods here and enforces no policy, and nothing else that does was read: policies have no effect';
    yield { message, ...(policy.source && { source: policy.source }) };
  },
};

const hasFlannel = ({ analysis: { cluster } }: LintContext): boolean =>
  [...podsOf(cluster)].some(({ labels }) => labels.app === 'flannel' || labels['k8s-app'] === 'flannel');
