import { isCovered, selectorCovers } from '../../policy/covers.ts';
import { type LintedRule, portsIn, remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

const others = { UDP: 'TCP', TCP: 'UDP' } as const;
const why = { UDP: 'long answers are asked for again over TCP', TCP: 'names are asked for over UDP first' };

/** DNS over one of its two protocols. */
export const dnsUdpOnly: LintRule = {
  code: 'dns-udp-only',
  severity: 'warning',
  summary: 'DNS is allowed over UDP and not over TCP, or the other way round',
  *check({ asked, policies }) {
    for (const policy of asked) {
      const applying = policies.filter(
        (other) => other.policy.namespace === policy.policy.namespace && selectorCovers(other.policy.subject, policy.policy.subject),
      );
      const all = applying.flatMap((other) => other.policy.egress ?? []);
      for (const rule of policy.rules('egress'))
        for (const port of portsIn(rule)) {
          const { item } = port;
          if (item.kind !== 'range' || item.first !== 53 || item.last !== 53 || item.protocol === 'SCTP') continue;
          const other = others[item.protocol];
          if (isBoth(rule, other, all)) continue;
          yield remarkOn(port, 'ports', `DNS is allowed over ${item.protocol} and not over ${other}: ${why[item.protocol]}`);
        }
    }
  },
};

const isBoth = ({ rule }: LintedRule, protocol: 'TCP' | 'UDP', all: Parameters<typeof isCovered>[2]): boolean =>
  (rule.peers ?? [undefined]).every((peer) => isCovered(peer, [{ kind: 'range', protocol, first: 53, last: 53 }], all));
