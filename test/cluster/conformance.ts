import { spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { nodes } from './layout.ts';
import { home, programs } from './programs.ts';

const results = join(home, 'conformance');

/** What is read of a report. Source: Report and SpecReport of github.com/onsi/ginkgo/v2/types. */
interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly State: string;
  /** In nanoseconds. */
  readonly RunTime: number;
  readonly Failure?: { readonly Message?: string };
}

/** A specification of the suite, and how it went. */
interface Outcome {
  readonly name: string;
  readonly state: string;
  readonly seconds: number;
}

/**
 * Runs the upstream NetworkPolicy suite and prints how each specification went; whether all passed. Of the environment: FOCUS and SKIP,
 * regular expressions of names; JOBS, how many run at once. The whole log and the table are left in build/cluster/conformance.
 */
export async function runConformance(cluster: Cluster, { FOCUS, SKIP, JOBS }: NodeJS.ProcessEnv): Promise<boolean> {
  const running = cluster.running();
  if (running === undefined) throw new Error('no cluster runs here: make cluster');
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  // The framework behind the suite has SCTP sockets of its own, which many kernels lack; policies that name SCTP are tried all the same.
  const skipped = SKIP || (canSpeakSctp() ? '' : 'SCTPConnectivity');
  const start = Date.now();
  const ginkgo = [
    ...[`--procs=${JOBS || 3}`, `--focus=${FOCUS || '\\[Feature:NetworkPolicy\\]'}`, ...(skipped ? [`--skip=${skipped}`] : [])],
    ...['--no-color', '--timeout=3h', '-v', `--output-dir=${results}`, '--json-report=report.json'],
  ];
  const suite = [
    '--provider=skeleton',
    '--dump-logs-on-failure=false',
    `--num-nodes=${nodes.length}`,
    `--kubeconfig=${cluster.kubeconfig}`,
  ];
  const log = openSync(join(results, 'e2e.log'), 'w');
  const words = cluster.words(join(programs, 'ginkgo'), ...ginkgo, join(programs, 'e2e.test'), '--', ...suite);
  const { status } = spawnSync(words[0]!, words.slice(1), { stdio: ['ignore', log, log] });
  const outcomes = readOutcomes(join(results, 'report.json'));
  const minutes = (Date.now() - start) / 60_000;
  const table = tableOf(outcomes, `PROXY=${running.proxy} CNI=${running.cni}, ${minutes.toFixed(1)} minutes`);
  writeFileSync(join(results, 'results.txt'), table);
  console.log(table);
  if (skipped) console.log(`skipped: what matches ${skipped}${SKIP ? '' : ' (this kernel makes no SCTP sockets)'}`);
  if (status !== 0) console.log(`the log: ${join(results, 'e2e.log')}`);
  return status === 0 && outcomes.length > 0;
}

function readOutcomes(path: string): Outcome[] {
  const reports = JSON.parse(readFileSync(path, 'utf8')) as { readonly SpecReports: readonly SpecReport[] }[];
  return reports
    .flatMap(({ SpecReports }) => SpecReports)
    .filter(({ LeafNodeType, State }) => LeafNodeType === 'It' && State !== 'skipped' && State !== 'pending')
    .map(({ ContainerHierarchyTexts, LeafNodeText, State, RunTime }) => ({
      name: [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' '),
      state: State,
      seconds: RunTime / 1e9,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function tableOf(outcomes: readonly Outcome[], circumstances: string): string {
  const lines = outcomes.map(({ name, state, seconds }) => `${state.padEnd(8)}${seconds.toFixed(1).padStart(7)} s  ${name}`);
  const passed = outcomes.filter(({ state }) => state === 'passed').length;
  return [...lines, `${passed} of ${outcomes.length} passed (${circumstances})`, ''].join('\n');
}

/** Whether the kernel makes SCTP sockets. */
const canSpeakSctp = (): boolean => readFileSync('/proc/net/protocols', 'utf8').includes('SCTP');
