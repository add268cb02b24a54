import { systemNamespaces, titleOfClass } from '../context.ts';
import { classesByNamespace } from '../isolation.ts';
import { memberOf } from '../reach.ts';
import type { LintRule } from '../rule.ts';

/** A workload that is open for ingress in a namespace where others are not. */
export const podUnprotected: LintRule = {
  code: 'pod-unprotected',
  severity: 'note',
  summary: 'a workload is isolated by no policy, though others of its namespace are',
  *check(context) {
    const { model } = context.analysis;
    for (const [name, classes] of classesByNamespace(context)) {
      if (systemNamespaces.has(name)) continue;
      const open = classes.filter((each) => model.policiesOf(each, 'ingress').length === 0);
      if (open.length === classes.length) continue;
      for (const [title, podClass] of new Map(open.map((each) => [titleOfClass(each), each]))) {
        const { source } = memberOf(podClass);
        const message = `no policy isolates ${title} for ingress, though others of its namespace are isolated: anybody may connect to it`;
        yield { message, ...(source && { source }) };
      }
    }
  },
};
