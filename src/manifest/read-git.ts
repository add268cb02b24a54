import { dirname, join, normalize, relative } from 'node:path';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import type { Manifests } from './collect.ts';
import { emptyDirectory, extensions, fault, type ManifestFile, textOf } from './files.ts';
import { git, pathWithin, type Repository } from './git.ts';
import { type ReadableFile, type ReadOptions, readFound } from './read.ts';

/** A commit, and what the user calls it. */
export interface Revision {
  readonly repository: Repository;
  readonly commit: string;
  readonly name: string;
}

/**
 * Reads manifests as they stand in a commit, by the rules for files and directories; `path` must not be standard input. Files are called
 * `revision:path`. A path that the commit does not have is among `missing`, and is no fault: another commit may have it. A submodule is a
 * fault: its files are in another repository, and without them this would be a part of what is there.
 */
export async function readRevision(
  revision: Revision,
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<Manifests & { readonly missing: readonly string[] }> {
  const missing: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const files = new Map<string, ManifestFile & { readonly blob: string }>();
  for (const path of paths) {
    const found = await filesAt(revision, path);
    if (found === undefined) missing.push(path);
    for (const each of found ?? [])
      if ('severity' in each) diagnostics.push(each);
      else files.set(each.path, { ...each, named: each.named || (files.get(each.path)?.named ?? false) });
  }
  const blobs = await readBlobs(
    revision.repository,
    [...files.values()].map(({ blob }) => blob),
  );
  const readable = Array.from(
    files.values(),
    ({ blob, ...file }): ReadableFile => ({ ...file, read: async () => textOf(file.path, blobs.get(blob)!) }),
  );
  return { ...(await readFound(readable, diagnostics, options)), missing };
}

/** The manifests at and below the path, and what is wrong there; undefined when there is nothing. */
async function filesAt(revision: Revision, path: string): Promise<((ManifestFile & { readonly blob: string }) | Diagnostic)[] | undefined> {
  const { repository, name } = revision;
  const start = await followLinks(revision, pathWithin(repository, path));
  if ('error' in start) return [fault(`${name}:${path}`, 'file', start.error)];
  const entries = await entriesOf(revision, ['-r'], start.path === '' ? [] : [start.path]);
  if (entries.length === 0) return undefined;
  const titleOf = (entry: TreeEntry): string => `${name}:${relative('.', join(repository.root, entry.path))}`;
  const isFile = entries.length === 1 && entries[0]!.path === start.path;
  const visible = entries.filter((entry) => !isHidden(entry.path.slice(start.path.length)));
  const submodules = visible.filter(({ mode }) => mode === submodule);
  const manifests = isFile ? visible : visible.filter((entry) => entry.mode.startsWith(file) && extensions.test(entry.path));
  if (submodules.length > 0) return submodules.map((entry) => fault(titleOf(entry), 'file', submoduleFault));
  if (manifests.length === 0) return [fault(`${name}:${path}`, 'file', emptyDirectory)];
  return manifests.map((entry) => ({ path: titleOf(entry), named: isFile, blob: entry.object }));
}

const submoduleFault = 'a submodule, whose files are in a repository of its own: say with -f which other paths to compare';

/** How modes begin, or are. Source: git-fast-import(1), filemodify. */
const file = '100';
const link = '120000';
const submodule = '160000';

/** What a tree holds at a path. */
interface TreeEntry {
  /** From the root of the repository. */
  readonly path: string;
  readonly mode: string;
  readonly object: string;
}

/** What the commit holds at these paths, in order of names; without paths, at the root. */
async function entriesOf({ repository, commit }: Revision, flags: readonly string[], paths: readonly string[]): Promise<TreeEntry[]> {
  const output = await git(['ls-tree', ...flags, '-z', '--full-tree', commit, '--', ...paths], repository);
  return output
    .toString()
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => {
      const [, mode = '', object = '', path = ''] = /^(\S+) \S+ (\S+)\t(.*)$/s.exec(line) ?? [];
      return { path, mode, object };
    });
}

/** The path behind the symbolic links in it, as they stand in the commit. */
async function followLinks(revision: Revision, path: string, steps = 0): Promise<{ readonly path: string } | { readonly error: string }> {
  if (path === '') return { path };
  const parts = path.split('/');
  const ways = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  const entries = await entriesOf(revision, [], ways);
  const stop = entries.find(({ mode }) => mode === link || mode === submodule);
  if (stop === undefined) return { path };
  if (stop.mode === submodule) return { error: `${stop.path} is ${submoduleFault}` };
  const target = (await readBlobs(revision.repository, [stop.object])).get(stop.object)!.toString();
  const next = normalize(join(dirname(stop.path), target, path.slice(stop.path.length))).replace(/\/$/, '');
  if (target.startsWith('/') || next.startsWith('..')) return { error: `${stop.path} is a link out of the repository, to ${target}` };
  if (steps === mostLinks) return { error: `${stop.path} is a link that leads back to itself` };
  return followLinks(revision, next === '.' ? '' : next, steps + 1);
}

/** Source: path_resolution(7). */
const mostLinks = 40;

/** Whether a directory in the path is hidden, as on disk. */
const isHidden = (path: string): boolean =>
  path
    .split('/')
    .slice(0, -1)
    .some((part) => part.startsWith('.'));

/** The contents of blobs, by their names. Source: git-cat-file(1), batch output. */
async function readBlobs(repository: Repository, names: readonly string[]): Promise<Map<string, Buffer>> {
  const blobs = new Map<string, Buffer>();
  if (names.length === 0) return blobs;
  const output = await git(['cat-file', '--batch'], repository, names.join('\n'));
  let position = 0;
  for (const name of names) {
    const end = output.indexOf('\n', position);
    const size = Number(output.toString('latin1', position, end).split(' ')[2]);
    blobs.set(name, output.subarray(end + 1, end + 1 + size));
    position = end + size + 2;
  }
  return blobs;
}
