import type { Direction } from '../../api/types.ts';
import { systemNamespaces } from '../context.ts';
import { classesByNamespace } from '../isolation.ts';
import type { LintRule } from '../rule.ts';

/** A namespace with pods of which nothing isolates any. */
export const nsWithoutDefaultDeny: LintRule = {
  code: 'ns-without-default-deny',
  severity: 'note',
  summary: 'no pod of a namespace is isolated: everybody may connect to all of them, or they to everybody',
  *check(context) {
    const { model } = context.analysis;
    const says: Readonly<Record<Direction, string>> = {
      ingress: 'anybody may connect to them',
      egress: 'they may connect to anybody',
    };
    for (const [name, classes] of classesByNamespace(context)) {
      if (systemNamespaces.has(name)) continue;
      const open = (['ingress', 'egress'] as const).filter((direction) =>
        classes.every((each) => model.policiesOf(each, direction).length === 0),
      );
      if (open.length === 0) continue;
      const source = context.analysis.cluster.namespaces.get(name)?.namespace?.source;
      const what = open.map((direction) => says[direction]).join(' and ');
      yield { message: `no policy isolates any pod of namespace ${name} for ${open.join(' or ')}: ${what}`, ...(source && { source }) };
    }
  },
};
