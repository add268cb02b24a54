import { expect, test } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import type { KubernetesObject, NetworkPolicy } from '#core/api/types.ts';
import { everything } from '#core/label/selector.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import { type Packet, tableOf, type Walk, walk } from '#core/ruleset/simulate.ts';
import { examplePod } from '#test/example-pod.ts';

const pods = [
  examplePod('x', 'client', { node: 'n', addresses: ['10.0.0.1'] }),
  examplePod('x', 'server', { node: 'n', addresses: ['10.0.0.2'] }),
];
const policy: NetworkPolicy = {
  kind: 'NetworkPolicy',
  namespace: 'x',
  name: 'web',
  subject: everything,
  ingress: [{ ports: [{ kind: 'range', protocol: 'TCP', first: 80, last: 80 }] }],
};

function walked(port: number, dropLog: number | undefined, audit: boolean): Walk {
  const model = new PolicyModel(defaultChoices);
  const options = { choices: defaultChoices, markMask: 0, witness: false, ...(dropLog !== undefined && { dropLog }) };
  const ruleset = new NodeRuleset(model, 'n', options);
  const objects: readonly KubernetesObject[] = [...pods, { ...policy, ...(audit && { audit }) }];
  ruleset.update(model.update(objects.map((object) => ({ type: 'put', object }))));
  ruleset.plan();
  const ends = { source: '10.0.0.1', destination: '10.0.0.2', protocol: 'TCP', port } as const;
  const packet: Packet = { hook: 'forward', ...ends, state: 'new', original: true, syn: true, mark: 0 };
  return walk(tableOf(ruleset.objects()), packet);
}

test('what is let through walks the same way, whether or not the log hears of what is not', () => {
  const [silent, told] = [walked(80, undefined, false), walked(80, 7, false)];
  expect(told.verdict).toBe('accept');
  expect([told.logs, told.counters]).toEqual([[], []]);
  // Chains are named by their content, which names those in which gates end.
  const kinds = ({ chains }: Walk): string[] => chains.map((name) => name.replace(/-[0-9a-v]{13}$/, ''));
  expect(kinds(told)).toEqual(kinds(silent));
});

test('what is denied is counted, and logged under the name of the counter', () => {
  const { verdict, counters, logs } = walked(81, 7, false);
  expect([verdict, counters, logs]).toEqual(['drop', [expect.stringMatching(/^deny-/)], counters]);
  expect(walked(81, undefined, false)).toMatchObject({ verdict: 'drop', counters, logs: [] });
});

test('what a policy in audit would deny is counted and logged, and passes', () => {
  const { verdict, counters, logs } = walked(81, 7, true);
  expect([verdict, counters, logs]).toEqual(['accept', [expect.stringMatching(/^audit-/)], counters]);
  expect(walked(80, 7, true)).toMatchObject({ verdict: 'accept', counters: [], logs: [] });
});
