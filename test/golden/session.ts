import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeExecutable } from '../../scripts/executable.ts';

export const root = join(import.meta.dirname, '../..');

/** The two forms in which the program ships: as scripts that Node runs, and as one file. */
export type Form = 'Node' | 'executable';

/** Why the program can't be an executable here; undefined where it can. `make build` makes one wherever it can. */
export const withoutExecutable = (): string | undefined =>
  existsSync(join(root, 'build/sallyport')) ? undefined : 'Bun can not be here: make build says why';

/** Bundles the program as it ships and returns a directory for PATH with `sallyport` in it; near node_modules, where koffi is. */
export async function buildProgram(form: Form = 'Node'): Promise<string> {
  mkdirSync(join(root, 'build'), { recursive: true });
  const directory = mkdtempSync(join(root, 'build/golden-'));
  await run(process.execPath, [join(root, 'scripts/build.ts'), directory], root, process.env);
  if (form === 'executable') {
    const fault = await writeExecutable(directory);
    if (fault !== undefined) throw new Error(fault);
    return directory;
  }
  writeFileSync(join(directory, 'sallyport'), `#!/bin/sh\nexec '${process.execPath}' '${directory}/sallyport.js' "$@"\n`);
  chmodSync(join(directory, 'sallyport'), 0o755);
  return directory;
}

/** The commands of a session: what stands behind `$ `, with lines that a backslash continues. */
function commandsOf(session: string): string[] {
  return Array.from(session.matchAll(/^\$ ((?:.*\\\n)*.*)$/gm), ([, command]) => command!);
}

/**
 * Runs the commands of a session one after the other and returns the session as it went: each command, its standard output, then
 * its standard error, each line behind `2> `, then `[exit code N]` unless it is 0. Commands run in `directory` if it holds more
 * than the session, otherwise in the root of the repository.
 */
export async function runSession(session: string, directory: string, path: string): Promise<string> {
  const cwd = readdirSync(directory).length > 1 ? directory : root;
  const { NO_COLOR: _, ...environment } = process.env;
  // Labs that stay up are the session's own.
  const runtime = mkdtempSync(join(path, 'session-'));
  // No session talks with a cluster that this machine knows.
  const noCluster = { KUBECONFIG: '/home/you/.kube/config', KUBERNETES_SERVICE_HOST: '' };
  // Elsewhere grep would take bytes for characters.
  const locale = { LC_ALL: 'C.UTF-8' };
  const env = { ...environment, ...locale, ...noCluster, ...author, PATH: `${path}:${process.env.PATH}`, XDG_RUNTIME_DIR: runtime };
  const parts: string[] = [];
  for (const command of commandsOf(session)) {
    const { code, stdout, stderr } = await run('bash', ['-o', 'pipefail', '-c', command], cwd, env);
    const faults = stderr.replace(/^(.*)\n/gm, (_, line) => `${`2> ${line}`.trimEnd()}\n`);
    parts.push(`$ ${command}\n${stdout}${faults}${code === 0 ? '' : `[exit code ${code}]\n`}`);
  }
  return parts.join('\n');
}

/** The indented blocks of a page that begin with a prompt. */
export const sessionsIn = (page: string): string[] =>
  Array.from(page.matchAll(/^ {4}\$ .*\n(?: {4}.*\n|\n(?= {4}))*/gm), ([block]) => block);

/** A part of a page that does something: a file that it shows, with its name, or a session. */
export type Step = { readonly file: string; readonly text: string } | { readonly session: string };

/** The files that a page shows, as fenced blocks with a title, and its sessions, in their order. */
export const stepsIn = (page: string): Step[] =>
  Array.from(
    page.matchAll(/^```\w+ title="(?<file>[^"]+)"\n(?<text>[\s\S]*?)^```$|(?<session>^ {4}\$ .*\n(?: {4}.*\n|\n(?= {4}))*)/gm),
    ({ groups }) => {
      const { file, text = '', session = '' } = groups as { file?: string; text?: string; session?: string };
      return file === undefined ? { session } : { file, text };
    },
  );

/**
 * Runs such a block and returns it as it went; notes on standard error and exit codes are beside the point of a page. Throws when there was no
 * answer, which no page wants to show.
 */
export async function rerun(block: string, directory: string, path: string): Promise<string> {
  const ran = await runSession(block.replaceAll(/^ {4}/gm, ''), directory, path);
  if (/^\[exit code (?!1\])/m.test(ran)) throw new Error(ran);
  return ran.replaceAll(/^(?:2> .*|\[exit code \d+\])\n/gm, '').replaceAll(/^(?=.)/gm, '    ');
}

/** Commits of sessions have the same names on every machine. */
const author = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((role) => [
    [`GIT_${role}_NAME`, 'you'],
    [`GIT_${role}_EMAIL`, 'you@example.com'],
    [`GIT_${role}_DATE`, '2026-01-01T00:00:00Z'],
  ]),
);

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, words: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Result> {
  return new Promise((resolve) => {
    execFile(program, words, { cwd, env, maxBuffer: 1 << 28, timeout: 100_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    }).stdin?.end();
  });
}
