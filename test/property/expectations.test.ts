import fc from 'fast-check';
import { expect, test } from 'vitest';
import { clusterOf } from '#core/cluster/cluster.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import type { Witness } from '#core/connectivity/witness.ts';
import type { ConnectivityTest } from '#core/expect/connectivity-test.ts';
import { describeToday } from '#core/expect/describe-today.ts';
import { decodeTest } from '#core/expect/read-test.ts';
import { TestRun } from '#core/expect/run-tests.ts';
import { everyNamedPort } from '#core/net/port-set.ts';
import { renderTestYaml } from '#core/render/test-yaml.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { parseDocuments } from '#manifest/parse.ts';
import type { RawCluster } from '../reference/raw.ts';
import { decoded, rawCluster } from './arbitraries.ts';
import { rawPolicy } from './policy-arbitraries.ts';

const analysisOf = (raw: RawCluster): Analysis => new Analysis(clusterOf(decoded(raw)));

/** The tests of today as a user has them: written down and read again. */
async function testsOf(analysis: Analysis): Promise<ConnectivityTest | undefined> {
  const written = describeToday(analysis);
  if (written.length === 0) return undefined;
  const text = [...renderTestYaml('today', 'x', written)].join('\n');
  const [document] = await Array.fromAsync(parseDocuments(text, 'today.yaml'));
  const { test: read, diagnostics } = decodeTest(document!.value, document!.place);
  expect(diagnostics).toEqual([]);
  return read;
}

const failing = (analysis: Analysis, document: ConnectivityTest) =>
  [...new TestRun(analysis, document).results()]
    .filter(({ status }) => status !== 'passed')
    .map(({ test: { name }, violations, errors }) => ({ name, violations, errors }));

test('tests of today pass today', async () => {
  await fc.assert(
    fc.asyncProperty(rawCluster, async (raw) => {
      const analysis = analysisOf(raw);
      const document = await testsOf(analysis);
      if (document !== undefined) expect(failing(analysis, document)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

const policies = fc.uniqueArray(rawPolicy(['alpha', 'beta']), {
  maxLength: 4,
  selector: ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
});

/** Whether one end is a pod and the other an address of the node that it runs on. */
const isOfOwnNode = ({ nodes = [], pods }: RawCluster, { from, to }: Witness): boolean =>
  pods.some(({ ns, name, node }) => {
    const other = { [from]: to, [to]: from }[`${ns}/Pod/${name}`];
    return other !== undefined && nodes.some((each) => each.name === node && each.ips.includes(other));
  });

test('tests of today fail after exactly those changes of policy that change a connection', async () => {
  await fc.assert(
    fc.asyncProperty(rawCluster, policies, async (raw, others) => {
      const before = analysisOf(raw);
      const document = await testsOf(before);
      if (document === undefined) return;
      const after = analysisOf({ ...raw, policies: others });
      const { added, removed, changed } = differenceBetween(before, after, { traffic: everyNamedPort });
      const differences = [...added, ...removed, ...changed];
      // A pod and its own node are left out of nothingElse, and a cluster-wide rule may have closed what is open between them now.
      const apart = differences.filter(({ witness }) => witness === undefined || !isOfOwnNode(raw, witness));
      if (apart.length > 0 || differences.length === 0) expect(failing(after, document).length > 0).toBe(apart.length > 0);
    }),
    { numRuns: 200 },
  );
});
