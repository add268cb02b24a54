import { nodeLocalAddress } from '../../verdict/cluster-dns.ts';
import { type LintContext, titleOfClass } from '../context.ts';
import { dnsOf } from '../dns.ts';
import { type LintedPolicy, type LintedRule, pathOf } from '../linted-policy.ts';
import { memberOf, verdictOf } from '../reach.ts';
import type { LintRule } from '../rule.ts';

/** A cluster with NodeLocal DNSCache, whose address is no pod's. */
export const dnsNodelocal: LintRule = {
  code: 'dns-nodelocal',
  severity: 'warning',
  summary: 'the cluster runs NodeLocal DNSCache, and pods that may ask the cluster DNS cannot reach it on their node',
  *check(context) {
    if (!hasNodeLocal(context) || dnsOf(context) === undefined) return;
    const said = new Set<LintedPolicy>();
    for (const rule of context.rules('egress')) {
      if (said.has(rule.policy) || !isForDns(rule)) continue;
      const cut = rule.policy.subjects.find((each) => {
        const verdict = verdictOf(context.analysis, memberOf(each), nodeLocalAddress, { protocol: 'UDP', port: 53 });
        return verdict !== undefined && !verdict.egress.allowed;
      });
      if (cut === undefined) continue;
      said.add(rule.policy);
      const message = `${titleOfClass(cut)} cannot reach ${nodeLocalAddress}, where NodeLocal DNSCache answers: add the peer \`ipBlock: {cidr: ${nodeLocalAddress}/32}\``;
      yield rule.policy.remark(pathOf(rule), message);
    }
  },
};

const isForDns = ({ rule: { ports, peers } }: LintedRule): boolean =>
  ports?.some((port) => port.kind === 'range' && port.first <= 53 && 53 <= port.last) === true &&
  peers?.some(({ kind }) => kind === 'pods') === true;

const hasNodeLocal = (context: LintContext): boolean =>
  context.carriers('kube-system').some(({ labels, title }) => labels['k8s-app'] === 'node-local-dns' || title.endsWith('/node-local-dns'));
