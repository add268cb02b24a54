import { describe, expect, test } from 'vitest';
import { defaultChoices } from '../api/choices.ts';
import type { NetworkPolicy, Pod } from '../api/types.ts';
import type { ClusterChange } from '../cluster/cluster.ts';
import { everything, selector } from '../label/selector.ts';
import { PolicyModel } from '../policy/policy-model.ts';
import { NodeRuleset } from './node-ruleset.ts';
import type { Plan } from './plan.ts';

const pod = (name: string, address: string, app: string): Pod => ({
  kind: 'Pod',
  namespace: 'x',
  name,
  labels: { app },
  addresses: [address],
  assumedAddress: false,
  node: 'n1',
  hostNetwork: false,
  phase: 'Running',
  terminating: false,
  ports: [],
});
const app = (name: string) => selector([{ key: 'app', operator: 'In', values: [name] }]);
const allowFrom = (name: string, from: string): NetworkPolicy => ({
  kind: 'NetworkPolicy',
  namespace: 'x',
  name,
  subject: everything,
  ingress: [{ peers: [{ kind: 'pods', pods: app(from) }] }],
});
const put = (object: Pod | NetworkPolicy): ClusterChange => ({ type: 'put', object });
const remove = ({ kind, namespace, name }: Pod | NetworkPolicy): ClusterChange => ({ type: 'delete', id: { kind, namespace, name } });

/** A node whose kernel does what it is told. */
class Node {
  readonly model = new PolicyModel();
  readonly ruleset = new NodeRuleset(this.model, 'n1', { choices: defaultChoices, markMask: 0xff000000, witness: false });

  constructor() {
    this.apply();
    this.ruleset.marksCleared();
    this.apply();
  }

  apply(...changes: ClusterChange[]): Plan | undefined {
    this.ruleset.update(this.model.update(changes));
    const plan = this.ruleset.plan();
    plan?.prepared();
    plan?.switched();
    plan?.cleaned();
    return plan;
  }

  peers(): string[][] {
    return [...this.ruleset.objects()].flatMap((object) =>
      object.kind === 'set' && object.name.startsWith('pods4-') ? [[...object.elements].sort()] : [],
    );
  }
}

describe('a node ruleset', () => {
  test('follows pods after one policy took the place of another that spoke of the same', () => {
    const node = new Node();
    const [before, after] = [allowFrom('before', 'web'), allowFrom('after', 'web')];
    node.apply(put(pod('a', '10.0.0.1', 'web')), put(before));
    node.apply(remove(before), put(after));
    node.apply(put(pod('b', '10.0.0.2', 'web')));
    expect(node.peers()).toEqual([['10.0.0.1', '10.0.0.2']]);
    node.apply(remove(pod('a', '10.0.0.1', 'web')));
    expect(node.peers()).toEqual([['10.0.0.2']]);
  });

  test('judges live connections anew for everything but more peers', () => {
    const node = new Node();
    expect(node.apply(put(pod('a', '10.0.0.1', 'web')), put(allowFrom('web', 'web')))?.isAddition).toBe(false);
    const { generation } = node.ruleset;
    // A peer of another node only adds to a set.
    expect(node.apply(put({ ...pod('b', '10.0.0.2', 'web'), node: 'n2' }))?.isAddition).toBe(true);
    expect(node.ruleset.generation).toBe(generation);
    expect(node.apply(remove(pod('b', '10.0.0.2', 'web')))?.isAddition).toBe(false);
    expect(node.ruleset.generation).toBe(generation + 1);
  });

  test('uses no generation number twice before the marks are cleared', () => {
    const node = new Node();
    const seen: number[] = [];
    for (let turn = 0; turn < 300; turn++) {
      node.apply(
        turn % 2 === 0 ? put(allowFrom('web', 'web')) : remove(allowFrom('web', 'web')),
        put(pod('a', `10.0.${turn >> 8}.${turn & 255}`, 'web')),
      );
      seen.push(node.ruleset.generation);
      if (node.ruleset.generation === 0) break;
    }
    expect(seen.at(-1)).toBe(0);
    expect(seen).toHaveLength(new Set(seen).size);
    expect(node.ruleset.wantsClearMarks).toBe(true);
    node.ruleset.marksCleared();
    node.apply();
    expect(node.ruleset.generation).toBe(1);
  });

  test('says nothing when nothing that matters changes', () => {
    const node = new Node();
    node.apply(put(pod('a', '10.0.0.1', 'web')), put(allowFrom('web', 'web')));
    expect(node.apply(put({ ...pod('a', '10.0.0.1', 'web'), phase: 'Unknown' }))).toBeUndefined();
  });
});
