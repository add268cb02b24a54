import { missesIn } from '../misses.ts';
import type { LintRule } from '../rule.ts';

/** A selector with the labels of a Deployment or the like, whose pods have others. */
export const selectsOwnerLabels: LintRule = {
  code: 'selects-owner-labels',
  severity: 'warning',
  summary: 'a selector has the labels of a workload; policies see those of its pods, in the template',
  *check(context) {
    for (const { policy, path, selector, cause } of missesIn(context)) {
      if (cause.kind !== 'owner') continue;
      const { kind, namespace, name, source } = cause.object;
      const message = `no pod has ${selector.key}: these are labels of ${kind} ${namespace}/${name} itself, and its pods have those of its template`;
      yield policy.remark(path, message, source && { related: [{ message: `${kind} ${namespace}/${name}`, source }] });
    }
  },
};
