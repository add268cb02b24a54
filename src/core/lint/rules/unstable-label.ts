import type { Selector } from '../../label/selector.ts';
import { pathOf, podPeersIn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Labels that controllers give to pods and change with every rollout or run. */
const unstable: Readonly<Record<string, string>> = {
  'pod-template-hash': 'the next rollout',
  'controller-revision-hash': 'the next rollout',
  'pod-template-generation': 'the next rollout',
  'rollouts-pod-template-hash': 'the next rollout',
  'controller-uid': 'the next run of the job',
  'batch.kubernetes.io/controller-uid': 'the next run of the job',
};

/** A selector that will not select the same pods tomorrow. */
export const unstableLabel: LintRule = {
  code: 'unstable-label',
  severity: 'warning',
  summary: 'a selector uses a label that a controller changes with every rollout',
  *check({ asked }) {
    for (const policy of asked) {
      const peers = policy
        .rules()
        .flatMap((rule) =>
          podPeersIn(rule).map(({ item, place }) => ({ selector: item.pods, path: [...pathOf(rule, 'peers', place), 'podSelector'] })),
        );
      for (const { selector, path } of [{ selector: policy.policy.subject, path: ['spec', 'podSelector'] }, ...peers]) {
        const key = unstableIn(selector);
        if (key !== undefined)
          yield policy.remark(path, `the label ${key} changes: after ${unstable[key]} this selects other pods, or none`);
      }
    }
  },
};

const unstableIn = ({ requirements }: Selector): string | undefined =>
  requirements.find(({ key, operator }) => operator === 'In' && Object.hasOwn(unstable, key))?.key;
