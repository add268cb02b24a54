import { namespaceNameLabel } from '../../api/namespace.ts';
import { pathOf } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A namespace let in for a label that whoever may edit a namespace can set. */
export const tenantControlledLabel: LintRule = {
  code: 'tenant-controlled-label',
  severity: 'note',
  summary: 'an ingress rule trusts labels of namespaces that whoever may edit a namespace can set',
  isOptional: true,
  *check(context) {
    for (const { of, item, place } of context.podPeers('ingress')) {
      const requirements = item.namespaces?.requirements ?? [];
      if (requirements.length === 0 || requirements.some(({ key }) => key === namespaceNameLabel)) continue;
      const message = `whoever may edit a namespace can give it ${item.namespaces!.key} and is let in; \`${namespaceNameLabel}\` can't be changed`;
      yield of.policy.remark([...pathOf(of, 'peers', place), 'namespaceSelector'], message);
    }
  },
};
