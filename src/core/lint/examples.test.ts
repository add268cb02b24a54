import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lintTexts } from '#test/lint-text.ts';

const recipes = join(import.meta.dirname, '../../../examples/recipes');

/** What is found in a recipe, a line each. */
async function foundIn(recipe: string): Promise<string[]> {
  const texts = ['cluster.yaml', 'policy.yaml'].map((file) => [file, readFileSync(join(recipes, recipe, file), 'utf8')]);
  return (await lintTexts(Object.fromEntries(texts))).map(
    ({ code, severity, source }) => `${severity} ${code} ${source?.file}:${source?.line}`,
  );
}

/** What is open is told of all of them: each recipe shows one policy. */
const isAboutOpenness = (line: string): boolean => /note (ns-without-default-deny|pod-unprotected) cluster\.yaml/.test(line);

/** Everything else, and why it is right. */
const expected: Readonly<Record<string, readonly string[]>> = {
  // The recipe shows just that: policies add up.
  '04-allow-all-ingress': ['warning allow-all-overrides-deny policy.yaml:11'],
  '10-all-namespaces': ['note all-namespaces-peer policy.yaml:14'],
  // http is 8080 on one pod and 9090 on another, on purpose.
  '14-named-port': ['note named-port-ambiguous policy.yaml:14'],
  // 169.254.169.254 is part of the outside.
  '18-egress-to-outside': ['note metadata-reachable policy.yaml:14'],
  // The client may connect, and DNS is left to recipe 17.
  '21-both-gates': ['warning dns-blocked policy.yaml:24'],
  // It opens everything, so that one sees it overruled.
  '23-whole-cluster': ['note vacuous-policy policy.yaml:30'],
};

describe('the recipes', () => {
  it.for(readdirSync(recipes).filter((name) => /^[0-9]/.test(name)))('%s', async (recipe) => {
    expect((await foundIn(recipe)).filter((line) => !isAboutOpenness(line))).toEqual(expected[recipe] ?? []);
  });

  it('namespaces that nothing isolates, and pods beside isolated ones', async () => {
    expect(await foundIn('05-limit-to-one-app')).toEqual([
      'note ns-without-default-deny cluster.yaml:1',
      'note ns-without-default-deny cluster.yaml:6',
      'note pod-unprotected cluster.yaml:33',
      'note pod-unprotected cluster.yaml:45',
    ]);
    expect(await foundIn('03-deny-all')).toEqual(['note ns-without-default-deny cluster.yaml:6']);
  });
});
