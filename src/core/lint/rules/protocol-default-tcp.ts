import { declares, portUses } from '../expose.ts';
import { type LintedRule, remarkOn } from '../linted-policy.ts';
import type { LintRule } from '../rule.ts';

/** Ports whose protocols run over UDP, and over TCP seldom or never. */
const overUdp: Readonly<Record<number, string>> = {
  53: 'DNS',
  67: 'DHCP',
  69: 'TFTP',
  123: 'NTP',
  161: 'SNMP',
  500: 'IKE',
  1812: 'RADIUS',
  1813: 'RADIUS',
  4500: 'IPsec',
  4789: 'VXLAN',
  8472: 'VXLAN',
  6081: 'Geneve',
  51820: 'WireGuard',
};

/** A port of a UDP protocol without `protocol`, which is TCP then. */
export const protocolDefaultTcp: LintRule = {
  code: 'protocol-default-tcp',
  severity: 'warning',
  summary: 'a port without `protocol` is TCP, and this one is of a protocol over UDP',
  *check(context) {
    for (const port of context.ports()) {
      const { item, place, of: rule } = port;
      if (item.kind !== 'range' || item.first !== item.last || item.protocol !== 'TCP' || !Object.hasOwn(overUdp, item.first)) continue;
      if (rule.policy.written.spec?.[rule.direction]?.[rule.index]?.ports?.[place]?.protocol !== undefined) continue;
      if (hasUdp(rule, item.first)) continue;
      const use = portUses(context).find((each) => each.of.compiled === rule.compiled && each.item.place === place);
      if (use?.destinations.some((each) => declares(each, 'TCP', item.first) && !declares(each, 'UDP', item.first))) continue;
      yield remarkOn(
        port,
        'ports',
        `port ${item.first} without \`protocol\` is TCP, and ${overUdp[item.first]} runs over UDP: write \`protocol: UDP\``,
      );
    }
  },
};

const hasUdp = ({ rule }: LintedRule, number: number): boolean =>
  rule.ports!.some(
    (port) => port.protocol === 'UDP' && (port.kind === 'every' || (port.kind === 'range' && port.first <= number && number <= port.last)),
  );
