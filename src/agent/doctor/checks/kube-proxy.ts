import { type Opinion, warning } from '#core/enforcement/examination.ts';
import type { Check } from '../check.ts';

/** In which mode kube-proxy works; with two of them there are Services of both. */
export const kubeProxy: Check = {
  name: 'kube-proxy',
  async examine(machine): Promise<Opinion> {
    const { listed } = await machine.foreign();
    const has = (tables: RegExp, chain: RegExp): boolean =>
      listed.some(({ kind, table, name }) => kind === 'chain' && tables.test(table) && chain.test(name));
    const modes = [
      ...(has(/^kube-proxy$/, /^services$|^nat-/) ? ['nftables'] : []),
      ...(has(/^nat$/, /^KUBE-SERVICES$/) ? ['iptables'] : []),
      ...(isIpvs(machine.interfaces(), machine.read('/proc/thread-self/net/ip_vs')) ? ['IPVS'] : []),
    ];
    const hindrances = [];
    if (modes.includes('IPVS'))
      hindrances.push(
        warning(
          'kube-proxy balances with IPVS, with which Sallyport has not been tried',
          'use mode nftables or iptables; Kubernetes means to drop IPVS',
        ),
      );
    if (modes.length > 1)
      hindrances.push(
        warning(
          `kube-proxy has left rules of several modes (${modes.join(', ')})`,
          'kube-proxy --cleanup on this node, then start it again',
        ),
      );
    return { summary: modes.length === 0 ? 'no Services are balanced here' : `mode ${modes.join(' and ')}`, hindrances };
  },
};

/** Source: the IPVS proxier keeps the addresses of Services on a device of this name. */
const isIpvs = (interfaces: readonly string[], table: string | undefined): boolean =>
  interfaces.includes('kube-ipvs0') || (table ?? '').split('\n').some((line) => /^(TCP|UDP|SCTP)\s/.test(line));
