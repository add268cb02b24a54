import { type Opinion, problem } from '#core/enforcement/examination.ts';
import { type Cidr, parseCidr } from '#core/net/cidr.ts';
import { unjudgedDevices } from '#dataplane/unjudged.ts';
import type { Check } from '../check.ts';

/** Whether pods of this node are side by side on a bridge whose packets meet no rule. */
export const bridges: Check = {
  name: 'bridges',
  async examine(machine): Promise<Opinion> {
    const pods = machine.podAddresses();
    const ranges = pods.flatMap((address): readonly Cidr[] => {
      const found = parseCidr(`${address}/${address.includes(':') ? 128 : 32}`)?.cidr;
      return found === undefined ? [] : [found];
    });
    const devices = machine.inside(() => unjudgedDevices(ranges));
    const hindrances = devices.map(({ device, setting, value }) =>
      problem(
        `pods on ${device} reach each other past every rule: ${setting} is ${value ?? 'not there, for br_netfilter is not loaded'}`,
        `${value === undefined ? 'modprobe br_netfilter && ' : ''}sysctl -w ${setting}=1, and for the next boot in /etc/modules-load.d and /etc/sysctl.d`,
      ),
    );
    if (pods.length === 0) return { summary: 'no network plugin has written down pods here' };
    return {
      summary: `${pods.length} addresses of pods${hindrances.length === 0 ? ', judged by the rules of this node' : ''}`,
      hindrances,
    };
  },
};
