import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import { Lab } from '#lab/lab.ts';
import { topologyOf } from '#lab/topology.ts';
import { SimulatedCluster } from '../judges/simulated.ts';
import { clusterWithConnections, decoded } from '../property/arbitraries.ts';
import { freshModel, verdictOf } from '../property/judging.ts';
import { referenceAllows } from '../reference/evaluator.ts';
import { cannotRunLab } from './lab-needs.ts';

const reason = cannotRunLab();

/**
 * Real packets through real kernels, cluster after cluster in one lab: what the agents change between two clusters is as random as the
 * clusters are. Whatever the lab can't build (two owners of an address, addresses of nobody inside the cluster) is left to the other judges.
 */
describe.skipIf(reason !== undefined)(`packets do what all judges say${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.create([]);
    await lab.enforce();
  });
  afterAll(() => lab.close());

  test('for random clusters, one after the other', async () => {
    let tried = 0;
    const verdicts = { allow: 0, deny: 0 };
    await fc.assert(
      fc.asyncProperty(clusterWithConnections(30), async ([cluster, connections]) => {
        const objects = decoded(cluster);
        const withoutPolicy = objects.filter(({ kind }) => !kind.endsWith('NetworkPolicy'));
        // A pod without an address takes part in nothing; a cluster with any other problem is only half there.
        const problems = topologyOf(objects).problems.filter(({ message }) => message !== 'it has no address');
        fc.pre(problems.length === 0);
        await lab.apply(withoutPolicy);
        const trials = connections.map(({ from, to, protocol, port }) => ({ from, to, protocol, port }));
        await lab.addExternals(trials.flatMap(({ from, to }) => [from, to]));
        const paths = await lab.observe(trials);
        const open = trials.filter((_, index) => paths[index]!.observed === 'allow');
        await lab.apply(objects);
        const observed = await lab.observe(open);
        const placed = lab.topology.cluster;
        const simulated = new SimulatedCluster([...placed.nodes.keys()]);
        simulated.update(differenceOf(emptyCluster, placed));
        const model = freshModel(differenceOf(emptyCluster, placed).flatMap((change) => (change.type === 'put' ? [change.object] : [])));
        for (const [index, { from, to, protocol, port }] of open.entries()) {
          const said = verdictOf(model, { from, to, protocol, port }).allowed ? 'allow' : 'deny';
          const walked = simulated.isAllowed({ source: from, destination: to, protocol: protocol as 'TCP', port }) ? 'allow' : 'deny';
          const connection = { from, to, protocol, port };
          expect({ ...connection, ...observed[index]!, observed: observed[index]!.observed }).toMatchObject({
            ...connection,
            observed: said,
          });
          expect({ ...connection, walked }).toEqual({ ...connection, walked: said });
          // The reference knows the cluster as written, without the nodes that the lab gave to pods that had none.
          const isPlaced = cluster.pods.every(({ node }) => node !== undefined && cluster.nodes?.some(({ name }) => name === node));
          if (isPlaced)
            expect({ ...connection, reference: referenceAllows(cluster, connection) }).toEqual({
              ...connection,
              reference: said === 'allow',
            });
          tried++;
          verdicts[said]++;
        }
      }),
      { numRuns: 40, endOnFailure: true },
    );
    // What was tried must be able to tell right from wrong.
    expect(tried).toBeGreaterThan(300);
    expect(Math.min(verdicts.allow, verdicts.deny)).toBeGreaterThan(50);
  }, 240_000);
});
