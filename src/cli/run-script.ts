import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';

/** The environment, as far as it says where files are kept that can be made again. */
export interface CacheEnvironment {
  readonly HOME?: string | undefined;
  /** Source: https://specifications.freedesktop.org/basedir-spec/latest/ */
  readonly XDG_CACHE_HOME?: string | undefined;
  /** Source: https://nodejs.org/api/cli.html#node_disable_compile_cache1 */
  readonly NODE_DISABLE_COMPILE_CACHE?: string | undefined;
}

/**
 * Runs a script that `scripts/program.ts` wrote: what it exports. For each `use` of it, the name of a command, V8's code of all functions that ran
 * is kept in the user's cache directory, and taken from there the next time: reading and compiling them is a quarter of a short command. Without a
 * use nothing is taken or kept. Node's own cache (`module.enableCompileCache`) is written before anything has run, and so has next to none of them.
 */
export function runScript(path: string, use: string | undefined, environment: CacheEnvironment): unknown {
  const kept = use === undefined ? undefined : placeOf(path, use, environment);
  const cachedData = kept && read(kept.file);
  const script = new Script(readFileSync(path, 'latin1'), { filename: path, ...(cachedData && { cachedData }) });
  // V8 itself refuses what another version of it made, or one with other options.
  if (kept !== undefined && (cachedData === undefined || script.cachedDataRejected))
    process.on('exit', (code) => {
      if (code < 2) write(kept, script.createCachedData());
    });
  const make = script.runInThisContext() as (...given: unknown[]) => unknown;
  const require = (specifier: string): unknown => createRequire(path)(specifier);
  return make(require, { exports: {} }, pathToFileURL(path).href, (specifier: string) => import(specifier));
}

interface Place {
  readonly directory: string;
  readonly file: string;
}

/**
 * The script is named by its contents, so what is kept for another one is never taken for it. Undefined where the directory of the user's caches, or the
 * user's home, is not this user's alone: root with somebody else's home would write and remove files wherever that user's links lead.
 */
function placeOf(path: string, use: string, environment: CacheEnvironment): Place | undefined {
  const { HOME, XDG_CACHE_HOME, NODE_DISABLE_COMPILE_CACHE } = environment;
  if (NODE_DISABLE_COMPILE_CACHE === '1') return undefined;
  const isGiven = XDG_CACHE_HOME?.startsWith('/') === true;
  const base = isGiven ? XDG_CACHE_HOME : HOME;
  if (!base?.startsWith('/') || !isOwnDirectory(base)) return undefined;
  const directory = `${base}${isGiven ? '' : '/.cache'}/sallyport/code`;
  const script = path.slice(path.lastIndexOf('/') + 1);
  return { directory, file: `${directory}/${script}-${process.version}-${process.arch}-${use}` };
}

const isOwn = ({ uid, mode }: Stats): boolean => uid === process.getuid?.() && (mode & 0o022) === 0;

function isOwnDirectory(path: string): boolean {
  try {
    const found = statSync(path);
    return found.isDirectory() && isOwn(found);
  } catch {
    return false;
  }
}

/** What is kept there, if it is this user's own work: whoever can write it says what the program does. */
function read(file: string): Buffer | undefined {
  let opened: number | undefined;
  try {
    opened = openSync(file, 'r');
    return isOwn(fstatSync(opened)) ? readFileSync(opened) : undefined;
  } catch {
    return undefined;
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}

/** How many files are kept: the commands of some versions, half a MiB each. */
const most = 64;

/** Keeps it, whole or not at all. Where nothing can be written, the next run takes as long as this one. */
function write({ directory, file }: Place, data: Buffer): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.${process.pid}`, data, { mode: 0o600, flag: 'wx' });
    renameSync(`${file}.${process.pid}`, file);
    const names = readdirSync(directory).filter((name) => name.startsWith('program-'));
    const all = names.map((name) => ({ path: `${directory}/${name}`, time: statSync(`${directory}/${name}`).mtimeMs }));
    for (const { path } of all.sort((a, b) => b.time - a.time).slice(most)) rmSync(path);
  } catch {
    // See above.
  }
}
