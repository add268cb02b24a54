import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ConnectivityTest } from '#core/expect/connectivity-test.ts';
import { decodeTest } from '#core/expect/read-test.ts';
import { parseDocuments } from '#manifest/parse.ts';

/** An example with what it must do. */
export interface Example {
  /** `recipes/12-by-port`. */
  readonly name: string;
  readonly file: string;
  readonly documents: readonly ConnectivityTest[];
}

const examples = join(import.meta.dirname, '../../examples');

/** All examples that say what they must do. Throws when one of them is at fault. */
export function loadExamples(): Promise<Example[]> {
  const names = globSync('**/tests.yaml', { cwd: examples }).sort();
  return Promise.all(
    names.map(async (name) => {
      const file = join(examples, name);
      const documents = await Array.fromAsync(parseDocuments(readFileSync(file, 'utf8'), file), ({ value, place }) => {
        const { test, diagnostics } = decodeTest(value, place);
        if (test === undefined) throw new Error(JSON.stringify(diagnostics));
        return test;
      });
      return { name: dirname(name), file, documents };
    }),
  );
}

/** The manifests that a document of an example speaks of. */
export const manifestsOf = ({ file }: Example, { manifests = [] }: ConnectivityTest): string[] =>
  manifests.map((path) => join(dirname(file), path));
