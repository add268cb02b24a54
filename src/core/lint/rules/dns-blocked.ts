import type { PortMatch } from '../../api/types.ts';
import type { PodClass } from '../../policy/model.ts';
import { type LintContext, titleOfClass } from '../context.ts';
import { dnsOf } from '../dns.ts';
import { type LintedPolicy, type LintedRule, pathOf } from '../linted-policy.ts';
import { memberOf, verdictOf } from '../reach.ts';
import type { LintRule } from '../rule.ts';

/** Pods that may connect to others, and can't ask for the names of any. */
export const dnsBlocked: LintRule = {
  code: 'dns-blocked',
  severity: 'warning',
  summary: 'pods that may connect to other pods cannot ask the cluster DNS for their names',
  *check(context) {
    const said = new Set<LintedPolicy>();
    for (const rule of context.rules('egress')) {
      const { policy } = rule;
      if (said.has(policy) || !namesPods(rule)) continue;
      const blocked = policy.subjects.find((each) => isBlocked(context, each));
      if (blocked === undefined) continue;
      said.add(policy);
      const dns = dnsOf(context);
      const whose =
        dns === undefined
          ? 'no rule allows UDP port 53 to another namespace'
          : `Service ${dns.service.namespace}/${dns.service.name} is out of reach`;
      yield policy.remark(pathOf(rule), `${titleOfClass(blocked)} is isolated for egress and cannot resolve names: ${whose}`);
    }
  },
};

/** Whoever is let to pods finds them by the names of Services. */
const namesPods = ({ rule }: LintedRule): boolean => rule.peers?.some(({ kind }) => kind === 'pods') === true;

function isBlocked(context: LintContext, podClass: PodClass): boolean {
  return context.keep(`dns-blocked ${podClass.key}`, () => {
    const { analysis } = context;
    const dns = dnsOf(context);
    if (dns !== undefined) {
      if ([...dns.UDP.keys()].some((pod) => podClass.members.has(pod.name) && pod.namespace === podClass.namespace)) return false;
      const from = memberOf(podClass);
      const verdicts = [...dns.UDP].map(([pod, port]) => verdictOf(analysis, from, pod, { protocol: 'UDP', port }));
      return verdicts.every((verdict) => verdict !== undefined && !verdict.egress.allowed);
    }
    const policies = analysis.model.policiesOf(podClass, 'egress');
    if (policies.some(({ tier }) => tier !== 'NetworkPolicy')) return false;
    const own = new Set(policies.map(({ name }) => name));
    const rules = context.policies.filter(({ compiled }) => own.has(compiled.name)).flatMap((policy) => policy.rules('egress'));
    return !rules.some(mayReachDns);
  });
}

/** Whether the rule may lead to DNS in a namespace that is not known. */
const mayReachDns = ({ rule }: LintedRule): boolean =>
  (rule.ports === undefined || rule.ports.some(isDnsPort)) &&
  (rule.peers === undefined || rule.peers.some((peer) => peer.kind === 'block' || peer.namespaces !== undefined));

/** OpenShift's DNS pods answer at port 5353. */
function isDnsPort(port: PortMatch): boolean {
  if (port.protocol !== 'UDP') return false;
  return port.kind !== 'range' || [53, 5353].some((number) => port.first <= number && number <= port.last);
}
