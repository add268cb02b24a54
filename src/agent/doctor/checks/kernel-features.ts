import { defaultChoices } from '#core/api/choices.ts';
import { type Opinion, problem } from '#core/enforcement/examination.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { defaultMarkMask } from '#core/ruleset/frame.ts';
import { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import { printTable } from '#core/ruleset/print.ts';
import type { Check } from '../check.ts';

/** What a ruleset is made of, each with the part of the kernel that it takes. */
const features: readonly { readonly what: string; readonly module: string; readonly rules: string }[] = [
  { what: 'the true ends of connections', module: 'nft_ct', rules: 'ct original ip saddr 192.0.2.1 ct reply ip6 saddr 2001:db8::1 accept' },
  { what: 'marks of connections', module: 'nft_ct', rules: 'ct mark set ct mark & 0x00ffffff | 0x01000000' },
  { what: 'resets', module: 'nft_reject_inet', rules: 'meta l4proto tcp reject with tcp reset' },
  { what: 'sets of address blocks', module: 'nft_set_rbtree', rules: 'ip saddr { 192.0.2.0-192.0.2.9, 198.51.100.0/24 } accept' },
  {
    what: 'maps from ports to chains',
    module: 'nft_set_rbtree',
    rules: 'meta l4proto tcp ct reply proto-src vmap { 80 : accept, 8000-8999 : drop }',
  },
  { what: 'sets of pairs', module: 'nft_set_hash', rules: 'ct original ip saddr . ct reply ip saddr { 192.0.2.1 . 192.0.2.1 } accept' },
  { what: 'reverse paths', module: 'nft_fib_inet', rules: 'fib saddr . iif oif missing drop' },
];

/** The table that is tried, and not loaded. */
const trial = { name: 'inet sallyport-trial' };

/** Whether this kernel knows all that a node's ruleset says. */
export const kernelFeatures: Check = {
  name: 'kernel',
  async examine(machine): Promise<Opinion> {
    const release = machine.read('/proc/sys/kernel/osrelease')?.trim() ?? '';
    const missing: (typeof features)[number][] = [];
    for (const feature of features) {
      const hook = 'type filter hook prerouting priority 0';
      const script = `table ${trial.name} {\n\tchain c {\n\t\t${hook};\n\t\t${feature.rules}\n\t}\n}\n`;
      if ((await machine.refusalOf(script)) !== undefined) missing.push(feature);
    }
    const refusal = await machine.refusalOf(printTable(frameOf(), trial));
    const hindrances = missing.map(({ what, module }) =>
      problem(
        `nft and this kernel do not know ${what}`,
        `a kernel with ${module}: modprobe ${module}, or one built with CONFIG_${module.toUpperCase()}`,
      ),
    );
    if (missing.length === 0 && refusal !== undefined)
      hindrances.push(
        problem(`the kernel rejects the frame of the ruleset: ${refusal}`, 'please report it, with the output of sallyport doctor -o json'),
      );
    return {
      summary: `Linux ${release} ${hindrances.length === 0 ? 'takes all that a ruleset is made of' : 'does not take all that a ruleset is made of'}`,
      hindrances,
    };
  },
};

/** The ruleset of a node without pods. */
function frameOf() {
  const options = { choices: defaultChoices, markMask: defaultMarkMask, witness: true, podInterfaces: 'veth*', holdBack: true };
  return new NodeRuleset(new PolicyModel(defaultChoices), 'doctor', options).objects();
}
