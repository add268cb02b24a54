/**
 * `make demo`: the production example in the lab. Each policy by itself, then all together: real packets next to the verdicts and to what
 * examples/production/tests.yaml says they must be. Exit code 0: all three agree; 1: they don't; 2: the lab could not run.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stdout } from '#cli/terminal.ts';
import type { ConnectivityTest } from '#core/expect/connectivity-test.ts';
import { decodeTest } from '#core/expect/read-test.ts';
import { type Cell, renderTable } from '#core/render/table.ts';
import { parseDocuments } from '#manifest/parse.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const example = 'examples/production';
const { palette } = stdout.style;

interface Flow {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
  readonly expect: 'allow' | 'deny';
}

interface Workload {
  readonly id: string;
  readonly namespace?: string;
}

interface Policy {
  readonly name: string;
}

interface Gate {
  readonly allowed: boolean;
  readonly policies: readonly Policy[];
  readonly rules: readonly { readonly policy: Policy }[];
}

interface Check {
  readonly allowed: boolean;
  readonly egress: Gate;
  readonly ingress: Gate;
}

interface Tried {
  readonly verdict: 'allow' | 'deny';
  readonly observed: 'allow' | 'deny' | 'error' | 'skipped';
  readonly detail?: string;
}

/** The answer of `sallyport` as JSON. When there is none it says why, and the demo ends as the program did. */
function ask(words: readonly string[], input: unknown): unknown {
  const { status, stdout, error } = spawnSync(join(root, 'bin/sallyport'), [...words, '-o', 'json'], {
    cwd: root,
    input: JSON.stringify(input),
    stdio: ['pipe', 'pipe', 'inherit'],
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (error !== undefined) throw error;
  if (status !== 0 && status !== 1) process.exit(status ?? 2);
  return JSON.parse(stdout);
}

/** The policies that opened or closed a connection, in a few words. */
function reasonOf({ egress, ingress }: Check): string {
  const closed = [egress, ingress].filter(({ allowed }) => !allowed).flatMap(({ policies }) => policies);
  if (closed.length > 0) return `no rule of ${namesOf(closed)} allows it`;
  const opened = [egress, ingress].flatMap(({ rules }) => rules.map(({ policy }) => policy));
  return opened.length > 0 ? `allowed by ${namesOf(opened)}` : 'no policy selects its ends';
}

const namesOf = (policies: readonly Policy[]): string => [...new Set(policies.map(({ name }) => name))].join(', ');
/** `production/Deployment/frontend` as people say it. */
const endName = (end: string): string => end.replace(/\/[A-Z][A-Za-z]+\//, '/');
const coloured = (answer: string): Cell => ({
  text: answer,
  paint: answer === 'allow' ? palette.allow : answer === 'deny' ? palette.deny : palette.warning,
});

/** Every connection that a document of tests names, on every port that it names; `namespace/*` is each of the workloads there. */
function flowsOf({ tests }: ConnectivityTest, workloads: readonly Workload[]): Flow[] {
  const each = (end: string): string[] =>
    end.endsWith('/*') ? workloads.flatMap(({ id, namespace }) => (`${namespace}/*` === end ? [id] : [])) : [end];
  return tests.flatMap(({ expectations }) =>
    expectations.flatMap(({ expect, from: sources, to: targets, ports = [] }) =>
      sources
        .flatMap(each)
        .flatMap((from) =>
          targets.flatMap(each).flatMap((to) => ports.map(({ protocol, first }) => ({ from, to, protocol, port: first, expect }))),
        ),
    ),
  );
}

/** Runs one chapter; how many flows it has, and how many of them went as they must. */
async function show(chapter: ConnectivityTest, number: number): Promise<{ readonly all: number; readonly right: number }> {
  const { name, manifests = [], description } = chapter;
  await stdout.print(['', palette.strong(`${number}. ${name}`)]);
  const input = manifests.flatMap((file) => ['-f', `${example}/${file}`]);
  const { endpoints } = ask(['matrix', ...input], '') as { endpoints: readonly Workload[] };
  const flows = flowsOf(chapter, endpoints);
  const asked = flows.map(({ expect: _, ...flow }) => flow);
  const checks = ask(['check', ...input, '--flows', '-'], asked) as readonly Check[];
  const { flows: tried } = ask(['lab', 'run', ...input, '--flows', '-'], asked) as { flows: readonly Tried[] };
  if (checks.length !== flows.length || tried.length !== flows.length) throw new Error('an answer for every flow was expected');
  const isRight = flows.map(({ expect }, index) => tried[index]!.verdict === expect && tried[index]!.observed === expect);
  const rows = flows.map(({ from, to, protocol, port }, index): Cell[] => {
    const { verdict, observed, detail } = tried[index]!;
    const mark = isRight[index]
      ? { text: '✓', paint: palette.allow }
      : { text: `✗ ${detail ?? `must be ${flows[index]!.expect}`}`, paint: palette.warning };
    return [endName(from), endName(to), `${protocol}/${port}`, coloured(verdict), coloured(observed), mark, reasonOf(checks[index]!)];
  });
  const columns = ['from', 'to', 'port', 'verdict', 'packets', '', 'because'].map((column) => ({ title: column }));
  const table = [...renderTable(columns, rows, stdout.style)].map((line) => `   ${line}`);
  await stdout.print(table);
  if (description !== undefined)
    await stdout.print([
      '',
      ...description
        .trimEnd()
        .split('\n')
        .map((line) => `   ${line}`),
    ]);
  return { all: flows.length, right: isRight.filter(Boolean).length };
}

await stdout.print([
  palette.strong('The production example, enforced by nftables on real packets'),
  'Every pod is a network namespace, every line a real connection. "verdict" is what the analyser says, "packets" what the kernel did.',
]);
const file = join(root, example, 'tests.yaml');
const chapters = await Array.fromAsync(
  parseDocuments(readFileSync(file, 'utf8'), file),
  ({ value, place }) => decodeTest(value, place).test!,
);
const shown = [];
for (const [index, chapter] of chapters.entries()) shown.push(await show(chapter, index + 1));
const [all, right] = [shown.reduce((sum, each) => sum + each.all, 0), shown.reduce((sum, each) => sum + each.right, 0)];
await stdout.print([
  '',
  right === all
    ? palette.allow(`All ${all} connections did what the verdicts say.`)
    : palette.warning(`${all - right} of ${all} connections went wrong.`),
  `Next: bin/sallyport lab run -f ${example} tries every pair; bin/sallyport lab up -f ${example} stays, and follows as you edit.`,
]);
process.exitCode = right === all ? 0 : 1;
