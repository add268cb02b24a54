import { describe, expect, test } from 'vitest';
import { examplePod } from '#test/example-pod.ts';
import { defaultChoices } from '../api/choices.ts';
import type { KubernetesObject, NetworkPolicy, Node, Pod } from '../api/types.ts';
import { type ClusterChange, idOf } from '../cluster/cluster.ts';
import { everything, selector } from '../label/selector.ts';
import { PolicyModel } from '../policy/policy-model.ts';
import { NodeRuleset } from './node-ruleset.ts';
import type { Plan } from './plan.ts';
import { printTable } from './print.ts';
import { type Packet, tableOf, walk } from './simulate.ts';
import type { Transaction } from './types.ts';

const node = (podCidrs: readonly string[]): Node => ({ kind: 'Node', name: 'n1', labels: {}, addresses: ['192.168.0.11'], podCidrs });
const pod = (name: string, addresses: readonly string[], more: Partial<Pod> = {}): Pod =>
  examplePod('x', name, { labels: { app: name }, addresses, node: 'n1', ...more });
/** Isolates a pod that is nowhere: enough for there to be a policy. */
const somewhere: NetworkPolicy = {
  kind: 'NetworkPolicy',
  namespace: 'y',
  name: 'p',
  subject: selector([{ key: 'app', operator: 'In', values: ['nobody'] }]),
  ingress: [],
};
const ranges = ['10.244.1.0/24', 'fd00:10:244:1::/64'];

/** A node's ruleset, told everything that a kernel would be. */
class Held {
  readonly model = new PolicyModel();
  readonly ruleset: NodeRuleset;
  plan: Plan | undefined;

  constructor(holdBack: boolean, ...objects: KubernetesObject[]) {
    this.ruleset = new NodeRuleset(this.model, 'n1', { choices: defaultChoices, markMask: 0xff000000, witness: false, holdBack });
    this.put(...objects);
    this.ruleset.marksCleared();
    this.#commit();
  }

  put(...objects: KubernetesObject[]): void {
    this.change(...objects.map((object): ClusterChange => ({ type: 'put', object })));
  }

  delete(...objects: KubernetesObject[]): void {
    this.change(...objects.map((object): ClusterChange => ({ type: 'delete', id: idOf(object) })));
  }

  change(...changes: ClusterChange[]): void {
    this.ruleset.update(this.model.update(changes));
    this.#commit();
  }

  #commit(): void {
    this.plan = this.ruleset.plan();
    this.plan?.prepared();
    this.plan?.switched();
    this.plan?.cleaned();
  }

  sends(source: string, destination: string, packet: Partial<Packet> = {}): string {
    const opening = {
      hook: 'forward',
      source,
      destination,
      protocol: 'TCP',
      port: 80,
      state: 'new',
      original: true,
      syn: true,
      mark: 0,
    } as const;
    return walk(tableOf(this.ruleset.objects()), { ...opening, ...packet }).verdict;
  }
}

const known = '10.244.1.5';
const unknown = '10.244.1.6';
const outside = '203.0.113.7';

describe('an address of the node that no pod is known to have', () => {
  test('neither sends nor gets, in either family', () => {
    const held = new Held(true, node(ranges), pod('a', [known]), somewhere);
    expect([held.sends(unknown, outside), held.sends(outside, unknown), held.sends(known, unknown), held.sends(unknown, known)]).toEqual(
      Array(4).fill('drop'),
    );
    expect([held.sends('fd00:10:244:1::9', '2001:db8::1'), held.sends('2001:db8::1', 'fd00:10:244:1::9')]).toEqual(['drop', 'drop']);
    expect([held.sends(known, outside), held.sends(outside, known), held.sends(outside, '10.244.2.6')]).toEqual(Array(3).fill('accept'));
  });

  test.each(['invalid', 'untracked'] as const)('gets no packet that is %s', (state) => {
    const held = new Held(true, node(ranges), pod('a', [known]), somewhere);
    expect([held.sends(outside, unknown, { state, syn: false }), held.sends(outside, known, { state, syn: false })]).toEqual([
      'drop',
      'accept',
    ]);
  });

  test('gets nothing of a connection that was picked up in mid-stream', () => {
    const held = new Held(true, node(ranges), somewhere);
    expect(held.sends(outside, unknown, { syn: false })).toBe('drop');
  });

  test('is released with its pod, together with its gates', () => {
    const held = new Held(true, node(ranges), somewhere);
    held.put(pod('b', [unknown]));
    expect(held.sends(unknown, outside)).toBe('accept');
    held.put({ ...somewhere, namespace: 'x', subject: everything, egress: [] });
    held.put(pod('c', ['10.244.1.7']));
    expect(held.sends('10.244.1.7', outside)).toBe('drop');
    const { plan } = held;
    const setsIn = (transaction: Transaction) => transaction.flatMap((change) => (change.change === 'add' ? [change.set] : []));
    expect(setsIn(plan!.prepare)).not.toContain('live4');
    expect(setsIn(plan!.switch)).toEqual(expect.arrayContaining(['live4', 'isolated-egress4', 'egress4']));
  });

  test('is held again before the gates of its last pod go, and its live connections are judged again', () => {
    const last = pod('b', [unknown]);
    const held = new Held(true, node(ranges), last, { ...somewhere, namespace: 'x', subject: everything });
    const { generation } = held.ruleset;
    held.delete(last);
    expect(held.sends(unknown, outside)).toBe('drop');
    const deleted = (transaction: Transaction) => transaction.flatMap((change) => (change.change === 'delete' ? [change.set] : []));
    expect(deleted(held.plan!.prepare)).toEqual(['live4']);
    expect(deleted(held.plan!.switch)).toContain('isolated-ingress4');
    expect(held.ruleset.generation).toBe(generation + 1);
  });

  test('stays released while its pod only changes, and no connection is judged again for a pod more', () => {
    const held = new Held(true, node(ranges), somewhere, pod('a', [known]));
    const { generation } = held.ruleset;
    held.put(pod('a', [known], { labels: { app: 'other' } }));
    held.put(pod('b', [unknown]));
    expect(held.sends(unknown, outside)).toBe('accept');
    expect(held.ruleset.generation).toBe(generation);
  });

  test('is that of a pod that has ended', () => {
    const held = new Held(true, node(ranges), somewhere, pod('a', [known], { phase: 'Succeeded' }));
    expect(held.sends(known, outside)).toBe('drop');
  });

  test('may be that of a pod which another node runs', () => {
    const held = new Held(true, pod('far', [unknown], { node: 'n2' }), node(ranges), somewhere);
    expect(held.sends(outside, unknown)).toBe('accept');
    held.put(pod('far2', ['10.244.1.8'], { node: 'n2' }));
    expect(held.sends(outside, '10.244.1.8')).toBe('accept');
  });
});

describe('nothing is held back', () => {
  test.each([
    ['where there is no policy', new Held(true, node(ranges))],
    ['where the node has no pod range', new Held(true, node([]), somewhere)],
    ['where nobody wants it', new Held(false, node(ranges), somewhere)],
  ])('%s', (_, held) => {
    expect([held.sends(unknown, outside), held.sends(outside, unknown)]).toEqual(['accept', 'accept']);
  });

  test('any more when the last policy goes', () => {
    const held = new Held(true, node(ranges), somewhere);
    held.delete(somewhere);
    expect(held.sends(unknown, outside)).toBe('accept');
    held.put(somewhere);
    expect(held.sends(unknown, outside)).toBe('drop');
  });

  test('beyond the range that the node has now', () => {
    const held = new Held(true, node(ranges), somewhere);
    held.put(node(['10.244.9.0/24']));
    expect([held.sends(unknown, outside), held.sends('10.244.9.1', outside)]).toEqual(['accept', 'drop']);
    expect([...held.ruleset.objects()].filter(({ name }) => name.startsWith('range'))).toHaveLength(1);
  });
});

test('the rules as nft reads them', () => {
  const held = new Held(true, node(ranges), pod('a', [known]), somewhere);
  const text = printTable([...held.ruleset.objects()].filter(({ name }) => /^(hold|live4|range4|held)/.test(name)));
  expect(text).toMatchInlineSnapshot(`
    "table inet sallyport {
    	set live4 {
    		type ipv4_addr
    		comment "addresses of live pods"
    		elements = { 10.244.1.5 }
    	}

    	counter held-back {
    		comment "to or from a pod address that is not known yet"
    	}

    	chain hold {
    		comment "a new pod waits until it is known";
    		ct original ip saddr @range4-3jnthh8ur33uv ct original ip saddr != @live4 counter name "held-back" goto deny
    		ct reply ip saddr @range4-3jnthh8ur33uv ct reply ip saddr != @live4 counter name "held-back" goto deny
    		ct original ip6 saddr @range6-37kcoqjm5a1e4 ct original ip6 saddr != @live6 counter name "held-back" goto deny
    		ct reply ip6 saddr @range6-37kcoqjm5a1e4 ct reply ip6 saddr != @live6 counter name "held-back" goto deny
    	}

    	chain hold-stray {
    		comment "the same, of packets without a connection";
    		ip saddr @range4-3jnthh8ur33uv ip saddr != @live4 counter name "held-back" goto deny
    		ip daddr @range4-3jnthh8ur33uv ip daddr != @live4 counter name "held-back" goto deny
    		ip6 saddr @range6-37kcoqjm5a1e4 ip6 saddr != @live6 counter name "held-back" goto deny
    		ip6 daddr @range6-37kcoqjm5a1e4 ip6 daddr != @live6 counter name "held-back" goto deny
    	}

    	set range4-3jnthh8ur33uv {
    		type ipv4_addr
    		flags interval
    		comment "the pod range of this node"
    		elements = { 10.244.1.0-10.244.1.255 }
    	}
    }
    "
  `);
});
