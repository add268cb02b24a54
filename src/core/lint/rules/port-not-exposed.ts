import { leadsTo, portUses } from '../expose.ts';
import { remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** A port that no pod declares, where all of them declare some. */
export const portNotExposed: LintRule = {
  code: 'port-not-exposed',
  severity: 'note',
  summary: 'a rule names a port that no container of the pods declares, though they declare others',
  *check(context) {
    for (const { item, destinations, isOpenEnded } of portUses(context)) {
      const port = item.item;
      if (port.kind !== 'range' || isOpenEnded || destinations.some(({ ports }) => ports.length === 0)) continue;
      const isMeant = (protocol: string, number: number): boolean =>
        protocol === port.protocol && port.first <= number && number <= port.last;
      if (destinations.some(({ ports }) => ports.some((each) => isMeant(each.protocol, each.port)))) continue;
      const leads = destinations.flatMap((each) => leadsTo(context, each));
      if (leads.some((lead) => isMeant(lead.port.protocol, lead.target ?? -1) || isMeant(lead.port.protocol, lead.port.port))) continue;
      const declared = [...new Set(destinations.flatMap(({ ports }) => ports.map((each) => `${each.protocol}/${each.port}`)))];
      const text = port.first === port.last ? `${port.first}` : `${port.first}-${port.last}`;
      yield remarkOn(
        item,
        'ports',
        `no pod that this rule lets to declares ${port.protocol}/${text}; declared: ${declared.slice(0, 6).join(', ')}`,
      );
    }
  },
};
