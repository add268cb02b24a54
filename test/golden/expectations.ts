import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import type { KubernetesObject } from '#core/api/types.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import type { Flow } from '#core/verdict/check.ts';
import { readManifests } from '#manifest/read.ts';

/** What an example must do, as its `expect.yaml` says. */
export interface Expectation {
  readonly title: string;
  /** Relative to the example; all of it unless given. */
  readonly files?: readonly string[];
  readonly flows: readonly (Flow & { readonly expect: 'allow' | 'deny' })[];
}

/** An example with what it must do. */
export interface Example {
  /** `recipes/12-by-port`. */
  readonly name: string;
  readonly folder: string;
  readonly expectations: readonly Expectation[];
}

const examples = join(import.meta.dirname, '../../examples');

/** All examples that say what they must do. */
export function loadExamples(): Example[] {
  return globSync('**/expect.yaml', { cwd: examples })
    .sort()
    .map((file) => {
      const folder = dirname(join(examples, file));
      return { name: dirname(file), folder, expectations: parse(readFileSync(join(examples, file), 'utf8')) as Expectation[] };
    });
}

/** The objects that an expectation speaks of, every pod with an address. Throws when a manifest has a fault. */
export async function objectsOf({ folder }: Example, { files = [''] }: Expectation): Promise<KubernetesObject[]> {
  const { objects, diagnostics } = await readManifests(files.map((file) => join(folder, file)));
  if (diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics));
  return assignAddresses(objects);
}
