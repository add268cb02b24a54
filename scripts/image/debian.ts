import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A Debian package that files of the image come from. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Of the source that it was built from: what security notices speak of. */
  readonly source: string;
  /** Of the whole package file. */
  readonly sha256: string;
  /** Its description for dpkg, whole. */
  readonly control: string;
}

/** What was unpacked. */
export interface Unpacked {
  /** Where its `/` is, with `/bin`, `/sbin`, `/lib` and `/lib64` as links into `/usr`. */
  readonly root: string;
  readonly packages: readonly DebianPackage[];
  /** The package of each file, by its path without the first slash. */
  readonly owners: ReadonlyMap<string, DebianPackage>;
}

const merged = ['bin', 'sbin', 'lib', 'lib64'];

/** Brings packages as apt knows them into a folder of package files, and unpacks them. What is in the folder already, and what apt would bring, is not brought again. */
export function unpack(names: readonly string[], cache: string, root: string): Unpacked {
  rmSync(root, { recursive: true, force: true });
  for (const folder of merged) {
    mkdirSync(join(root, 'usr', folder), { recursive: true });
    symlinkSync(`usr/${folder}`, join(root, folder));
  }
  const owners = new Map<string, DebianPackage>();
  const packages = bring(names, cache).map((file) => {
    const tar = execFileSync('dpkg-deb', ['--fsys-tarfile', file], { maxBuffer: 1 << 28 });
    execFileSync('tar', ['--extract', '--keep-directory-symlink', '--no-same-owner', `--directory=${root}`], { input: tar });
    const found = describe(file);
    const paths = execFileSync('tar', ['--list'], { input: tar, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n');
    for (const path of paths) owners.set(inUsr(path.replace(/^\.\//, '')), found);
    return found;
  });
  return { root, packages, owners };
}

/** The same path without the links of a merged `/usr`. */
const inUsr = (path: string): string => (merged.includes(path.split('/')[0]!) ? `usr/${path}` : path);

/** The libraries that programs are linked with, and what loads them, as paths in the tree that they were unpacked to; in order. */
export function librariesOf(root: string, programs: readonly string[]): string[] {
  const folders = readdirSync(join(root, 'usr/lib')).filter((name) => name.endsWith('-linux-gnu'));
  const path = folders.map((name) => join(root, 'usr/lib', name));
  const loader = path.flatMap((folder) =>
    readdirSync(folder).flatMap((name) => (name.startsWith('ld-linux') ? join(folder, name) : [])),
  )[0]!;
  const found = new Set([loader]);
  for (const program of programs) {
    const lines = execFileSync(loader, ['--library-path', path.join(':'), '--list', program], { encoding: 'utf8' }).split('\n');
    for (const line of lines) {
      const [, name = '', place = ''] = /^\s*(\S+) => (.+?)(?: \(0x|$)/.exec(line) ?? [];
      if (place === loader || name.startsWith('/')) continue;
      if (name !== '' && !place.startsWith(root)) throw new Error(`${program} needs ${name}, which is in none of the packages`);
      if (name !== '') found.add(place);
    }
  }
  return [...found].map((file) => file.slice(root.length + 1)).sort();
}

/** A file and, where it is a link, each that it leads to: paths in the tree. */
export function linksOf(root: string, path: string): string[] {
  const here = inUsr(path);
  const place = join(root, here);
  if (!lstatSync(place).isSymbolicLink()) return [here];
  const target = readlinkSync(place);
  return [here, ...linksOf(root, target.startsWith('/') ? target.slice(1) : join(dirname(here), target))];
}

/** The files of packages, checked against what apt says of them. */
function bring(names: readonly string[], cache: string): string[] {
  mkdirSync(cache, { recursive: true });
  const uris = execFileSync('apt-get', ['download', '--print-uris', ...names], { encoding: 'utf8' });
  const wanted = uris.split('\n').flatMap((line) => {
    const [, file, hash] = /^'.+' (\S+) \d+ SHA256:([0-9a-f]{64})$/.exec(line) ?? [];
    return file === undefined || hash === undefined ? [] : [{ file, hash, name: file.split('_')[0]! }];
  });
  const unknown = names.filter((name) => !wanted.some((each) => each.name === name));
  if (unknown.length > 0) throw new Error(`apt knows no file of ${unknown.join(', ')}: run apt-get update`);
  const isThere = ({ file, hash }: { file: string; hash: string }): boolean =>
    existsSync(join(cache, file)) && sha256(join(cache, file)) === hash;
  const missing = wanted.filter((each) => !isThere(each));
  const part = join(cache, `part-${process.pid}`);
  if (missing.length > 0) {
    mkdirSync(part, { recursive: true });
    execFileSync('apt-get', ['-qq', 'download', ...missing.map(({ name }) => name)], { cwd: part, stdio: ['ignore', 'ignore', 'pipe'] });
    for (const { file } of missing) renameSync(join(part, file), join(cache, file));
    rmSync(part, { recursive: true });
  }
  const bad = wanted.find((each) => !isThere(each));
  if (bad !== undefined) throw new Error(`${bad.file} is not what apt says it is`);
  return wanted.map(({ file }) => join(cache, file)).sort();
}

function describe(file: string): DebianPackage {
  const control = execFileSync('dpkg-deb', ['--field', file], { encoding: 'utf8' });
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(control)?.[1];
  const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map((each) => field(each)!) as [string, string, string];
  const source = field('Source')?.split(' ')[0] ?? name;
  return { name, version, architecture, source, sha256: sha256(file), control };
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
