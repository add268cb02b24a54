import { type ExecFileException, execFile } from 'node:child_process';
import { isAbsolute, relative } from 'node:path';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import type { Manifests } from './collect.ts';
import { emptyDirectory, extensions, fault, type ManifestFile, textOf } from './files.ts';
import { type ReadableFile, type ReadOptions, readFound } from './read.ts';

/** git could not be asked, or does not know what is meant; the message is for people. */
export class GitFault extends Error {}

/** Two revisions to compare; without `after`, the first with the working tree. */
export interface RevisionRange {
  /** Full names of commits. */
  readonly before: string;
  readonly after?: string;
  /** As the user calls them. */
  readonly names: { readonly before: string; readonly after?: string };
}

/** `A..B`, `A...B` (since B left A) or `A` (and the working tree), in the repository of the current directory. Source: gitrevisions(7). */
export async function parseRevisions(text: string): Promise<RevisionRange> {
  const [, first = '', dots = '', second = ''] = /^(.*?)(?:(\.{2,3})(.*))?$/s.exec(text) ?? [];
  const [old, now] = [first || 'HEAD', second || 'HEAD'];
  if (dots === '') return { before: await commitOf(old), names: { before: old } };
  const after = await commitOf(now);
  const start = await commitOf(old);
  const before = dots === '..' ? start : (await git(['merge-base', start, after])).toString().trim();
  return { before, after, names: { before: dots === '..' ? old : before.slice(0, 12), after: now } };
}

async function commitOf(revision: string): Promise<string> {
  try {
    const name = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]);
    return name.toString().trim();
  } catch (error) {
    // It says nothing of a name that it does not know.
    if (error instanceof GitFault && error.message === '') throw new GitFault(`git knows no revision ${revision}`);
    throw error;
  }
}

/**
 * Reads manifests as they stand in a commit, by the rules for files and directories; `path` must not be standard input. Files are called
 * `revision:path`. A path that the commit does not have is among `missing`, and is no fault: another commit may have it.
 */
export async function readRevision(
  commit: string,
  name: string,
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<Manifests & { readonly missing: readonly string[] }> {
  const missing: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const files = new Map<string, ManifestFile & { readonly blob: string }>();
  for (const path of paths) {
    const entries = await entriesOf(commit, path);
    if (entries.length === 0) missing.push(path);
    const isFile = entries.length === 1 && entries[0]!.path === shortPath(path);
    const found = isFile ? entries : entries.filter(isManifest(path));
    if (entries.length > 0 && found.length === 0) diagnostics.push(fault(`${name}:${path}`, 'file', emptyDirectory));
    for (const entry of found)
      files.set(entry.path, {
        path: `${name}:${entry.path}`,
        named: isFile || (files.get(entry.path)?.named ?? false),
        blob: entry.blob,
      });
  }
  const blobs = await readBlobs([...files.values()].map(({ blob }) => blob));
  const readable = Array.from(
    files.values(),
    ({ blob, ...file }): ReadableFile => ({ ...file, read: async () => textOf(file.path, blobs.get(blob)!) }),
  );
  return { ...(await readFound(readable, diagnostics, options)), missing };
}

/** A file of a commit. */
interface TreeEntry {
  /** From the current directory. */
  readonly path: string;
  readonly mode: string;
  readonly blob: string;
}

/** The path from here, as git writes it. */
function shortPath(path: string): string {
  const short = relative('.', path);
  return short === '' || isAbsolute(short) ? '.' : short;
}

/** The files at and below the path, in order of names. */
async function entriesOf(commit: string, path: string): Promise<TreeEntry[]> {
  const output = await git(['ls-tree', '-r', '-z', commit, '--', shortPath(path)]);
  return output
    .toString()
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const [facts = '', name = ''] = line.split('\t', 2);
      const [mode = '', , blob = ''] = facts.split(' ');
      return { path: name, mode, blob };
    });
}

/** As on disk: by their extensions, not in hidden directories, and no links. */
const isManifest =
  (path: string) =>
  ({ path: file, mode }: TreeEntry): boolean => {
    const below = shortPath(path) === '.' ? file : file.slice(shortPath(path).length);
    const isHidden = below
      .split('/')
      .slice(0, -1)
      .some((part) => part.startsWith('.') && part !== '..');
    return mode.startsWith('100') && extensions.test(file) && !isHidden;
  };

/** The contents of blobs, by their names. Source: git-cat-file(1), batch output. */
async function readBlobs(names: readonly string[]): Promise<Map<string, Buffer>> {
  const blobs = new Map<string, Buffer>();
  if (names.length === 0) return blobs;
  const output = await git(['cat-file', '--batch'], names.join('\n'));
  let position = 0;
  for (const name of names) {
    const end = output.indexOf('\n', position);
    const size = Number(output.toString('latin1', position, end).split(' ')[2]);
    blobs.set(name, output.subarray(end + 1, end + 1 + size));
    position = end + size + 2;
  }
  return blobs;
}

/** What git writes for these words and this input, in the current directory. */
function git(words: readonly string[], input = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile('git', words, { encoding: 'buffer', maxBuffer: mostOutput }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new GitFault('git is not installed'));
      else
        reject(
          new GitFault(
            stderr
              .toString()
              .trim()
              .replace(/^fatal: /, '') || reasonOf(error),
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
