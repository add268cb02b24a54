import { describe, expect, it } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import { SimulatedCluster } from '../judges/simulated.ts';
import { addressesOfCheck, loadCases } from './load.ts';

describe('the simulator walks packets of every case through the rulesets of its nodes', () => {
  it.each(loadCases())('$id: $title', (example) => {
    const nodes = example.objects.flatMap((object) => (object.kind === 'Node' ? [object.name] : []));
    const cluster = new SimulatedCluster(nodes, defaultChoices);
    cluster.update(example.objects.map((object) => ({ type: 'put', object })));
    for (const check of example.checks) {
      const { from, to } = addressesOfCheck(example, check);
      const allowed = cluster.isAllowed({ source: from, destination: to, protocol: check.protocol, port: check.port });
      expect(allowed ? 'allow' : 'deny', `${check.from} -> ${check.to} ${check.protocol}/${check.port}: ${check.why}`).toBe(check.expect);
    }
  });
});
