import { describe, expect, it } from 'vitest';
import { labTests } from '#cli/test-lab.ts';
import { loadExamples, manifestsOf } from '../golden/expectations.ts';
import { cannotRunLab } from './lab-needs.ts';

const reason = cannotRunLab();

describe.skipIf(reason !== undefined).each(await loadExamples())(
  `packets of $name${reason === undefined ? '' : ` (${reason})`}`,
  (example) => {
    it.each(example.documents)('$name', async (document) => {
      const answers = await labTests([{ file: example.file, test: document }], { filename: manifestsOf(example, document) });
      expect(answers.map(({ name, status, violations, errors }) => ({ name, status, violations, errors }))).toEqual(
        document.tests.map(({ name }) => ({ name, status: 'passed', violations: [], errors: [] })),
      );
      expect(answers.every(({ tried }) => tried > 0)).toBe(true);
    });
  },
);
