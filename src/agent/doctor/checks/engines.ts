import { type Opinion, problem } from '#core/enforcement/examination.ts';
import type { Check } from '../check.ts';
import type { Machine } from '../machine.ts';

/** How other engines of network policy show on a node. Source: their own documentation and sources, of the names that they give. */
const engines: readonly { readonly name: string; readonly tables?: RegExp; readonly chains?: RegExp; readonly interfaces?: RegExp }[] = [
  { name: 'Calico', tables: /^calico/, chains: /^cali-/, interfaces: /^(cali[0-9a-f]{11}|vxlan\.calico|tunl0\.calico)$/ },
  { name: 'Cilium', chains: /^(OLD_)?CILIUM_/, interfaces: /^cilium_(host|net|vxlan|geneve)$/ },
  { name: 'kube-router', chains: /^KUBE-(ROUTER|NWPLCY|POD-FW)-/, tables: /^kube-router/ },
  { name: 'kube-network-policies', tables: /^(kube-network-policies|kindnet-network-policies)$/ },
  { name: 'Antrea', chains: /^ANTREA-/, interfaces: /^antrea-(gw|tun)0$/ },
  { name: 'OVN-Kubernetes', interfaces: /^ovn-k8s-mp0$/ },
  { name: 'Weave Net', chains: /^WEAVE-NPC/ },
  { name: 'Azure Network Policy Manager', chains: /^AZURE-NPM/ },
];

/** Whether another engine enforces network policy here. */
export const otherEngines: Check = {
  name: 'engines',
  async examine(machine): Promise<Opinion> {
    const signs = await signsOf(machine);
    const hindrances = engines.flatMap(({ name, ...patterns }) => {
      const found = signs.find(({ kind, text }) => patterns[kind]?.test(text));
      if (found === undefined) return [];
      const message = `${name} is at work here (${found.place}): connections have to please both, and what either drops is dropped`;
      return [problem(message, `turn the network policy of ${name} off, or remove what it left in this kernel; a reboot does that, too`)];
    });
    return { summary: hindrances.length === 0 ? 'no other engine of network policy' : 'not the only engine of network policy', hindrances };
  },
};

interface Sign {
  readonly kind: 'tables' | 'chains' | 'interfaces';
  readonly text: string;
  readonly place: string;
}

async function signsOf(machine: Machine): Promise<Sign[]> {
  const { tables, listed } = await machine.foreign();
  return [
    ...tables.map((table): Sign => ({ kind: 'tables', text: table.split(' ')[1]!, place: `table ${table}` })),
    ...listed.flatMap(({ kind, name, family, table }): Sign[] =>
      kind === 'chain' ? [{ kind: 'chains', text: name, place: `chain ${name} in table ${family} ${table}` }] : [],
    ),
    ...machine.interfaces().map((name): Sign => ({ kind: 'interfaces', text: name, place: `interface ${name}` })),
  ];
}
