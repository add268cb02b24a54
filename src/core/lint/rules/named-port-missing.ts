import { closest } from '../../api/spelling.ts';
import { portUses } from '../expose.ts';
import { pathOf, remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A port by a name that no pod has for it. */
export const namedPortMissing: LintRule = {
  code: 'named-port-missing',
  severity: 'warning',
  summary: 'a rule names a port that no pod it lets to declares by that name and protocol',
  *check(context) {
    for (const { of, item, destinations } of portUses(context)) {
      const port = item.item;
      if (port.kind !== 'named') continue;
      const all = destinations.flatMap(({ ports }) => ports);
      if (all.some(({ name, protocol }) => name === port.name && protocol === port.protocol)) continue;
      const other = all.find(({ name }) => name === port.name);
      const names = [...new Set(all.flatMap(({ name }) => (name === undefined ? [] : [name])))];
      const why =
        other === undefined ? `declared names: ${names.slice(0, 6).join(', ') || 'none'}` : `it is declared for ${other.protocol}`;
      const near = other === undefined ? closest(port.name, names) : undefined;
      const source = of.policy.at([...pathOf(of, 'ports', item.place), 'port']);
      // One name is near, and every pod that has it has it for that protocol.
      const isSure = near !== undefined && all.every(({ name, protocol }) => name !== near || protocol === port.protocol);
      const fix = isSure && source && { fix: { source, find: port.name, replace: near } };
      yield remarkOn(item, 'ports', `no pod that this rule lets to has a port ${port.name} for ${port.protocol}; ${why}`, { ...fix });
    }
  },
};
