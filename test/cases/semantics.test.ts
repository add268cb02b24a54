import { describe, expect, test } from 'vitest';
import { parseChoices } from '#core/api/choices.ts';
import { clusterOf, differenceOf, emptyCluster } from '#core/cluster/cluster.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import { partyAt } from '#core/verdict/party.ts';
import { judge } from '#core/verdict/verdict.ts';
import { referenceAllows } from '../reference/evaluator.ts';
import { addressesOfCheck, type Case, type Check, loadCases } from './load.ts';

const cases = loadCases();
const settingsOf = ({ choice }: Case): string[] => (choice === undefined ? [] : [choice]);

/** Everything that can say whether a connection of a case is allowed. */
const judges: readonly { name: string; allows: (each: Case) => (check: Check) => boolean }[] = [
  {
    name: 'the reference evaluator',
    allows: (each) => {
      const choices = Object.fromEntries(settingsOf(each).map((setting) => setting.split('=')));
      return (check) => referenceAllows(each.raw, { ...check, ...addressesOfCheck(each, check) }, choices);
    },
  },
  {
    name: 'verdict',
    allows: (each) => {
      const choices = parseChoices(settingsOf(each));
      if ('error' in choices) throw new Error(choices.error);
      const model = new PolicyModel(choices);
      model.update(differenceOf(emptyCluster, clusterOf(each.objects)));
      return (check) => {
        const { from, to } = addressesOfCheck(each, check);
        return judge(model, { from: partyAt(model, from), to: partyAt(model, to), protocol: check.protocol, port: check.port }).allowed;
      };
    },
  },
];

describe.each(judges)('$name', ({ allows }) => {
  test.each(cases)('$id: $title', (each) => {
    const isAllowed = allows(each);
    for (const check of each.checks) {
      const verdict = isAllowed(check) ? 'allow' : 'deny';
      expect(verdict, `${check.from} -> ${check.to} ${check.protocol}/${check.port}: ${check.why}`).toBe(check.expect);
    }
  });
});
