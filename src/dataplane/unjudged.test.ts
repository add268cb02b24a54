import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cidr, parseCidr } from '#core/net/cidr.ts';
import { createNamespace, withNamespace } from './namespace.ts';
import { unjudgedDevices } from './unjudged.ts';

const cannot =
  process.getuid?.() !== 0 ? 'needs root' : existsSync('/proc/sys/net/bridge') ? undefined : 'needs br_netfilter: modprobe br_netfilter';
const cidr = (text: string): Cidr => parseCidr(text)!.cidr;
const pods = [cidr('10.77.1.0/24'), cidr('fd00:77:1::/64')];

describe.skipIf(cannot !== undefined)(`pods side by side${cannot === undefined ? '' : ` (${cannot})`}`, () => {
  let namespace: number;
  beforeEach(() => {
    namespace = createNamespace();
  });
  afterEach(() => closeSync(namespace));

  const ip = (...commands: string[]): void =>
    void withNamespace(namespace, () => execFileSync('ip', ['-batch', '-'], { input: `${commands.join('\n')}\n` }));
  const set = (name: string, value: string): void => withNamespace(namespace, () => writeFileSync(`/proc/sys/net/bridge/${name}`, value));
  const found = () => withNamespace(namespace, () => unjudgedDevices(pods));
  const off = (family: '' | '6') => ({ device: 'cni0', setting: `net.bridge.bridge-nf-call-ip${family}tables`, value: '0' });

  it('are seen on a bridge whose packets meet no rule, in each family', () => {
    ip('link add cni0 type bridge', 'link set cni0 up', 'address add 10.77.1.1/24 dev cni0', 'address add fd00:77:1::1/64 dev cni0 nodad');
    expect(found()).toEqual([]);
    set('bridge-nf-call-iptables', '0');
    expect(found()).toEqual([off('')]);
    set('bridge-nf-call-ip6tables', '0');
    expect(found()).toEqual([off(''), off('6')]);
  });

  it('are not where each is behind a link of its own, nor on a bridge of somebody else', () => {
    set('bridge-nf-call-iptables', '0');
    set('bridge-nf-call-ip6tables', '0');
    ip(
      'link add veth0 type veth peer name inside',
      'link set veth0 up',
      'link set inside up',
      'address add 192.168.77.11/24 dev veth0',
      'route add 10.77.1.5/32 dev veth0',
      'route add 10.77.2.0/24 via 192.168.77.12',
      'route add default via 192.168.77.1',
      'route add blackhole 10.77.1.0/26',
      'link add docker0 type bridge',
      'link set docker0 up',
      'address add 172.17.0.1/16 dev docker0',
    );
    expect(found()).toEqual([]);
  });
});
