import { portUses } from '../expose.ts';
import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A port by a name that means different numbers. */
export const namedPortAmbiguous: LintRule = {
  code: 'named-port-ambiguous',
  severity: 'note',
  summary: 'a named port means different numbers on different pods, which some network plugins do not keep apart',
  *check(context) {
    for (const { item, destinations } of portUses(context)) {
      const port = item.item;
      if (port.kind !== 'named') continue;
      const declared = destinations.flatMap(({ ports }) =>
        ports.filter((each) => each.name === port.name && each.protocol === port.protocol),
      );
      const numbers = [...new Set(declared.map((each) => each.port))].sort((a, b) => a - b);
      if (numbers.length > 1)
        yield remarkOn(
          item,
          'ports',
          `${port.name} is ${numbers.join(' on some pods and ')} on others; some plugins let all numbers to all of them`,
        );
    }
  },
};
