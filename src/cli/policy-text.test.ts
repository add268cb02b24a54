import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { clusterOf } from '#core/cluster/cluster.ts';
import { type Simplification, simplified, simplify } from '#core/generate/simplify.ts';
import { writtenSpec } from '#core/generate/written.ts';
import { ManifestCollection } from '#manifest/collect.ts';
import { PolicyText } from './policy-text.ts';

/** What the text's policies become. */
async function simplificationsOf(text: string, others: 'error' | 'skip' = 'error'): Promise<readonly Simplification[]> {
  const collection = new ManifestCollection({});
  await collection.addText(text, 'a.yaml', others);
  const { objects, diagnostics } = collection.finish();
  expect(diagnostics).toEqual([]);
  return simplify(clusterOf(objects));
}

/** The text with all policies in it simplified, and what could not be. */
async function simpler(
  text: string,
  others?: 'skip',
): Promise<{ readonly text: string; readonly left: readonly string[]; readonly specs: readonly object[] }> {
  const found = await simplificationsOf(text, others);
  const file = new PolicyText(text, 'default');
  expect(file.toString()).toBe(text);
  const left = found.filter((each) => file.change(each) === undefined).map(({ policy: { name } }) => name);
  return { text: file.toString(), left, specs: found.map((each) => writtenSpec(simplified(each))) };
}

const policy = (name: string, rules: string, indent = ''): string =>
  [
    'apiVersion: networking.k8s.io/v1',
    'kind: NetworkPolicy',
    `metadata: {name: ${name}}`,
    'spec:',
    '  podSelector: {}',
    '  ingress:',
    ...rules.split('\n').map((line) => `  ${line}`),
  ]
    .map((line, index) => (index === 0 ? line : indent + line))
    .join('\n');

const twice = `- ports: [{protocol: TCP, port: 80}]  # why
- ports: [{protocol: TCP, port: 80}]`;

test('the other documents stay as they are, to the last blank', async () => {
  const other = 'a:   1   # as it is\n\n\n';
  const before = `# head\nkind:  ConfigMap\napiVersion: v1\nmetadata: {name:   x}\n---\n${policy('p', twice)}\n---\n# tail\nkind: ConfigMap\napiVersion: v1\n${other}`;
  const after = before.replace(/\n {2}- ports: \[\{protocol: TCP, port: 80\}\]\n/, '\n').replace('  # why', ' # why');
  expect((await simpler(before, 'skip')).text).toBe(after);
});

test('policies in a List are found, nulls are written out, and what stands there is what was meant', async () => {
  const list = `apiVersion: v1\nkind: List\nitems:\n- ${policy('p', '- ports:\n  -\n  - {port: 80}\n- from:\n  - podSelector: {}', '  ')}\n`;
  const { text, left, specs } = await simpler(list);
  expect(left).toEqual([]);
  const { spec } = (parse(text) as { items: { spec: object }[] }).items[0]!;
  expect(spec).toEqual({ podSelector: {}, ingress: [{ ports: [{ protocol: 'TCP' }] }, { from: [{ podSelector: {} }] }] });
  expect(specs[0]).toMatchObject({ ingress: (spec as { ingress: object }).ingress });
});

test('a rule that is null, and nodes that others refer to, are left to people', async () => {
  const empty = policy('p', '-\n- ports: [{port: 80}]');
  expect(await simpler(empty)).toMatchObject({ text: empty, left: ['p'] });
  const anchored = policy('p', '- ports: &http [{port: 80}]\n- ports: *http');
  expect(await simpler(anchored)).toMatchObject({ text: anchored, left: ['p'] });
});
