import { portsIn, remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A named port toward addresses, which have no names for ports. */
export const namedPortWithIpblock: LintRule = {
  code: 'named-port-with-ipblock',
  severity: 'warning',
  summary: 'an egress rule names a port by its name, and its peers are addresses, which declare none',
  *check(context) {
    for (const rule of context.rules('egress')) {
      const { peers } = rule.rule;
      if (peers === undefined || !peers.every(({ kind }) => kind === 'block')) continue;
      for (const port of portsIn(rule))
        if (port.item.kind === 'named')
          yield remarkOn(
            port,
            'ports',
            `addresses outside declare no port ${port.item.name}, so this lets nothing through; write the number`,
          );
    }
  },
};
