import { type ExecFileException, execFile } from 'node:child_process';
import { realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** git could not be asked, or does not know what is meant; the message is for people. */
export class GitFault extends Error {
  /** What the user may do about it. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** A repository. */
export interface Repository {
  /** Where its paths begin: the root of the working tree; without one, the current directory. */
  readonly root: string;
  readonly isBare: boolean;
}

/** Two revisions to compare; without `after`, the first with the working tree. */
export interface RevisionRange {
  /** Full names of commits. */
  readonly before: string;
  readonly after?: string;
  /** As the user calls them. */
  readonly names: { readonly before: string; readonly after?: string };
}

/** The repository that the paths are in: that of the current directory, or another one. */
export async function repositoryOf(paths: readonly string[]): Promise<Repository> {
  const here = process.cwd();
  const own = await rootAt(here).catch((error: Error) => error);
  const roots = new Map<string, string>();
  for (const path of paths) {
    const isOwn = typeof own === 'string' && isBelow(own, resolve(path));
    roots.set(isOwn ? own : await rootAt(directoryOf(path)), path);
  }
  const [[root, path] = [here, '.'], other] = roots;
  if (other !== undefined) throw new GitFault(`${path} and ${other[1]} are in different repositories`);
  return root === '' ? { root: here, isBare: true } : { root, isBare: false };
}

/** The root of the working tree that the directory is in; empty where the repository has none. */
async function rootAt(directory: string): Promise<string> {
  const isInside = (await git(['rev-parse', '--is-inside-work-tree'], { root: directory })).toString().trim();
  if (isInside !== 'true') return '';
  return (await git(['rev-parse', '--show-toplevel'], { root: directory })).toString().replace(/\n$/, '');
}

/** The directory that the path names, or else the nearest above it that there is. */
function directoryOf(path: string): string {
  const isDirectory = statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isDirectory ? path : directoryOf(dirname(resolve(path)));
}

const isBelow = (root: string, path: string): boolean => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);

/** The path from the root of the repository; empty for the root itself. */
export function pathWithin({ root }: Repository, path: string): string {
  const whole = resolve(path);
  if (isBelow(root, whole)) return relative(root, whole);
  // A link leads there from outside.
  const directory = directoryOf(path);
  const real = join(realpathSync(directory), relative(resolve(directory), whole));
  if (isBelow(root, real)) return relative(root, real);
  throw new GitFault(`${path} is not in the repository ${root}`);
}

/** `A..B`, `A...B` (since B left A) or `A` (and the working tree). Source: gitrevisions(7). */
export async function parseRevisions(repository: Repository, text: string): Promise<RevisionRange> {
  const [, first = '', dots = '', second = ''] = /^(.*?)(?:(\.{2,3})(.*))?$/s.exec(text) ?? [];
  const [old, now] = [first || 'HEAD', second || 'HEAD'];
  if (dots === '') {
    if (repository.isBare) throw new GitFault(`there is no working tree here to compare ${old} with`, `two revisions: ${old}~1..${old}`);
    return { before: await commitOf(repository, old), names: { before: old } };
  }
  const after = await commitOf(repository, now);
  const start = await commitOf(repository, old);
  if (dots === '..') return { before: start, after, names: { before: old, after: now } };
  const before = await ancestorOf(repository, { name: old, commit: start }, { name: now, commit: after });
  return { before, after, names: { before: before.slice(0, 12), after: now } };
}

async function commitOf(repository: Repository, revision: string): Promise<string> {
  const nameOf = (text: string): Promise<string> =>
    git(['rev-parse', '--verify', '--quiet', '--end-of-options', text], repository).then((name) => name.toString().trim());
  try {
    return await nameOf(`${revision}^{commit}`);
  } catch (error) {
    if (!(error instanceof GitFault)) throw error;
    const isOther = await nameOf(revision).then(Boolean, () => false);
    if (isOther) throw new GitFault(`${revision} is no commit`);
    // It says nothing of a name that it does not know.
    if (error.message === '') throw new GitFault(`git knows no revision ${revision}`, await howToDeepen(repository));
    throw error;
  }
}

interface NamedCommit {
  readonly name: string;
  readonly commit: string;
}

async function ancestorOf(repository: Repository, one: NamedCommit, other: NamedCommit): Promise<string> {
  try {
    return (await git(['merge-base', one.commit, other.commit], repository)).toString().trim();
  } catch (error) {
    // It says nothing where there is none.
    if (!(error instanceof GitFault) || error.message !== '') throw error;
    const hint = (await howToDeepen(repository)) ?? `two dots compare them as they are: ${one.name}..${other.name}`;
    throw new GitFault(`${one.name} and ${other.name} have no common ancestor here`, hint);
  }
}

/** What to do where the history ends early, as that of a checkout in a pipeline does. */
async function howToDeepen(repository: Repository): Promise<string | undefined> {
  const isShallow = (await git(['rev-parse', '--is-shallow-repository'], repository)).toString().trim() === 'true';
  return isShallow ? 'this clone is shallow: fetch more with `git fetch --unshallow`; in GitHub Actions, with fetch-depth: 0' : undefined;
}

/** What git writes for these words and this input, at the root of the repository. */
export function git(words: readonly string[], { root }: Pick<Repository, 'root'>, input = ''): Promise<Buffer> {
  const options = { cwd: root, env: { ...process.env, LC_ALL: 'C' }, encoding: 'buffer', maxBuffer: mostOutput } as const;
  return new Promise((resolve, reject) => {
    const child = execFile('git', ['--literal-pathspecs', ...words], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new GitFault('git is not installed'));
      else
        reject(
          new GitFault(
            stderr
              .toString()
              .trim()
              .replace(/^(?:fatal|error): /, '') || reasonOf(error),
          ),
        );
    });
    // It may end before it has read that, and its exit code says why.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/** In bytes: no revision has more manifests. */
const mostOutput = 1024 * 1024 * 1024;

/** It may end without a word, as for a name that it does not know. */
const reasonOf = ({ code, message }: ExecFileException): string => (code === 1 ? '' : message);
