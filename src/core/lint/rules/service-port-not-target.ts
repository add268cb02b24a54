import { declares, leadsTo, portUses } from '../expose.ts';
import { pathOf, remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** The port of a Service in a rule, which sees the port of the pod. */
export const servicePortNotTarget: LintRule = {
  code: 'service-port-not-target',
  severity: 'warning',
  summary: "a rule names the port of a Service; policies see the pod's port, which is another",
  *check(context) {
    for (const { of, item, destinations } of portUses(context)) {
      const port = item.item;
      if (port.kind !== 'range' || port.first !== port.last) continue;
      const number = port.first;
      if (destinations.some((each) => declares(each, port.protocol, number))) continue;
      const leads = destinations.flatMap((each) => leadsTo(context, each)).filter((lead) => lead.port.protocol === port.protocol);
      if (leads.some(({ target }) => target === number)) continue;
      const lead = leads.find((each) => each.port.port === number && each.target !== undefined);
      if (lead === undefined) continue;
      const { service, target } = lead;
      const related = service.source && { related: [{ message: `Service ${service.namespace}/${service.name}`, source: service.source }] };
      const source = of.policy.at([...pathOf(of, 'ports', item.place), 'port']);
      const fix = source && { fix: { source, find: String(number), replace: String(target) } };
      const message = `${number} is a port of Service ${service.namespace}/${service.name}, which leads to port ${target} of its pods; policies see only that: write ${target}`;
      yield remarkOn(item, 'ports', message, { ...related, ...fix });
    }
  },
};
