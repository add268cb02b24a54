import { missesIn } from '../misses.ts';
import type { LintRule } from '../rule.ts';

/** A selector with the labels of a Service. */
export const serviceLabelsAsPodLabels: LintRule = {
  code: 'service-labels-as-pod-labels',
  severity: 'warning',
  summary: 'a selector has the labels of a Service; policies see those of the pods behind it',
  *check(context) {
    for (const { policy, path, selector, cause } of missesIn(context)) {
      if (cause.kind !== 'service') continue;
      const { namespace, name, source } = cause.object;
      const message = `no pod has ${selector.key}: these are labels of Service ${namespace}/${name}; policies see pods, so use its selector`;
      yield policy.remark(path, message, source && { related: [{ message: `Service ${namespace}/${name}`, source }] });
    }
  },
};
