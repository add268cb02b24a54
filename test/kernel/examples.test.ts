import { afterEach, describe, expect, it } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import { Lab } from '#lab/lab.ts';
import { Session } from '#lab/session.ts';
import { loadExamples, objectsOf } from '../golden/expectations.ts';
import { cannotRunLab } from './lab-needs.ts';

const reason = cannotRunLab();

describe.skipIf(reason !== undefined).each(loadExamples())(`packets of $name${reason === undefined ? '' : ` (${reason})`}`, (example) => {
  let lab: Lab | undefined;
  afterEach(() => lab?.close());

  it.each(example.expectations)('$title', async (expectation) => {
    lab = await Lab.create(await objectsOf(example, expectation));
    const session = new Session(lab, { choices: defaultChoices, flows: expectation.flows.map(({ expect: _expect, ...flow }) => flow) });
    expect(await session.begin()).not.toHaveProperty('error');
    const report = await session.report();
    if ('error' in report) throw new Error(report.error);
    const seen = report.flows.map(({ observed, detail, match }) => ({ observed, ...(detail !== undefined && { detail }), match }));
    expect(seen).toEqual(expectation.flows.map((flow) => ({ observed: flow.expect, match: true })));
  });
});
