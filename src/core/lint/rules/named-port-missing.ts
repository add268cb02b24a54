import { portUses } from '../expose.ts';
import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A port by a name that no pod has for it. */
export const namedPortMissing: LintRule = {
  code: 'named-port-missing',
  severity: 'warning',
  summary: 'a rule names a port that no pod it lets to declares by that name and protocol',
  *check(context) {
    for (const { item, destinations } of portUses(context)) {
      const port = item.item;
      if (port.kind !== 'named') continue;
      const all = destinations.flatMap(({ ports }) => ports);
      if (all.some(({ name, protocol }) => name === port.name && protocol === port.protocol)) continue;
      const other = all.find(({ name }) => name === port.name);
      const names = [...new Set(all.flatMap(({ name }) => (name === undefined ? [] : [name])))];
      const why =
        other === undefined ? `declared names: ${names.slice(0, 6).join(', ') || 'none'}` : `it is declared for ${other.protocol}`;
      yield remarkOn(item, 'ports', `no pod that this rule lets to has a port ${port.name} for ${port.protocol}; ${why}`);
    }
  },
};
