import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '#lab/lab.ts';
import type { Trial } from '#lab/observer.ts';
import { addressesOfCheck, type Case, loadCases } from '../cases/load.ts';
import { cannotRunLab } from './lab-needs.ts';

const reason = cannotRunLab();
const cases = loadCases();

describe.skipIf(reason !== undefined)(`real packets decide every case${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.create([]);
    await lab.enforce();
  });
  afterAll(() => lab.close());

  for (const example of cases) {
    it(`${example.id}: ${example.title}`, async () => {
      const trials = trialsOf(example);
      const withoutPolicy = example.objects.filter(({ kind }) => !kind.endsWith('NetworkPolicy'));
      await lab.apply(withoutPolicy);
      await lab.addExternals(trials.flatMap(({ from, to }) => [from, to]));
      expect(lab.topology.problems).toEqual([]);
      const paths = await lab.observe(trials);
      expect(paths.filter(({ observed }) => observed !== 'allow')).toEqual([]);
      await lab.apply(example.objects);
      const observed = await lab.observe(trials);
      const told = example.checks.map((check, index) => ({
        ...check,
        observed: observed[index]!.observed,
        detail: observed[index]!.detail,
      }));
      expect(told.filter((check) => check.observed !== check.expect)).toEqual([]);
    });
  }
});

function trialsOf(example: Case): Trial[] {
  return example.checks.map((check) => ({ ...addressesOfCheck(example, check), protocol: check.protocol, port: check.port }));
}
