import type { Source } from '../../api/diagnostic.ts';
import { isCovered, selectorCovers } from '../../policy/covers.ts';
import type { Remark } from '../finding.ts';
import { type LintedRule, pathOf, portsIn, remarkOn } from '../linted-policy.ts';
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
          const message = `DNS is allowed over ${item.protocol} and not over ${other}: ${why[item.protocol]}`;
          yield remarkOn(port, 'ports', message, fixOf(policy.at(pathOf(rule, 'ports', port.place)), other));
        }
    }
  },
};

const isBoth = ({ rule }: LintedRule, protocol: 'TCP' | 'UDP', all: Parameters<typeof isCovered>[2]): boolean =>
  (rule.peers ?? [undefined]).every((peer) => isCovered(peer, [{ kind: 'range', protocol, first: 53, last: 53 }], all));

/** The other protocol as an item of its own, before the one that is there: the same to the same peers. */
function fixOf(source: Source | undefined, protocol: 'TCP' | 'UDP'): Pick<Remark, 'fix'> {
  if (source === undefined) return {};
  const indent = ' '.repeat(source.column - 1);
  return { fix: { source, find: '-', replace: `- protocol: ${protocol}\n${indent}  port: 53\n${indent}-` } };
}
