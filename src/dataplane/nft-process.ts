import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { type Libc, loadLibc } from './libc.ts';
import { withNamespace } from './namespace.ts';
import { MissingNeed } from './need.ts';
import { NftError, readComplaint } from './nft-error.ts';

/** Where and how nft is started. */
export interface NftStart {
  /** The program; `nft` when absent. */
  readonly program?: string;
  /** The network namespace to run in, as an open file descriptor; this process' own when absent. */
  readonly namespace?: number;
  /** Told of the id of every process that is started. */
  readonly onStart?: (pid: number) => void;
}

/** How long a script may take before nft is killed, in milliseconds. Loading 50,000 elements takes a third of a second. */
export const patience = 60_000;

/**
 * Starts nft so that its crashes cost nothing but themselves: without core dumps (a crash loop filled a disk with 370 GB of them elsewhere),
 * without the user's history file, and speaking English, which is parsed.
 */
export function startNft(
  { program = 'nft', namespace, onStart }: NftStart,
  args: readonly string[],
  stdio: SpawnOptions['stdio'],
): ChildProcess {
  const env = { PATH: process.env.PATH ?? '/usr/sbin:/sbin:/usr/bin:/bin', LC_ALL: 'C', HOME: '/dev/null' };
  const start = (): ChildProcess => withoutCoreDumps(() => spawn(program, args, { stdio: stdio ?? 'pipe', env }));
  const child = namespace === undefined ? start() : withNamespace(namespace, start);
  if (child.pid !== undefined) onStart?.(child.pid);
  return child;
}

/** RLIMIT_CORE. Source: asm-generic/resource.h. */
const coreSize = 4;

/** Calls `visit`; programs that it starts leave no core dumps. This process keeps its own limit, and where nothing native can be called all keep theirs. */
function withoutCoreDumps<T>(visit: () => T): T {
  const before = Buffer.alloc(16);
  const libc = libcIfAny();
  if (libc === undefined || libc.prlimit(0, coreSize, null, before) !== 0) return visit();
  const none = Buffer.from(before);
  none.writeBigUInt64LE(0n);
  libc.prlimit(0, coreSize, none, Buffer.alloc(16));
  try {
    return visit();
  } finally {
    libc.prlimit(0, coreSize, before, Buffer.alloc(16));
  }
}

function libcIfAny(): Libc | undefined {
  try {
    return loadLibc();
  } catch (error) {
    if (error instanceof MissingNeed) return undefined;
    throw error;
  }
}

/** Runs nft once and returns its standard output. Rejects with NftError or MissingNeed. */
export function runNft(start: NftStart, args: readonly string[], input = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = startNft(start, args, 'pipe');
  const output: Buffer[] = [];
  let complaints = '';
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, patience);
  child.stdout!.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => {
    if (complaints.length < 1_000_000) complaints += chunk.toString();
  });
  // nft that dies early leaves a broken pipe: how it died says more than that.
  child.stdin!.on('error', () => {});
  child.on('error', (cause: NodeJS.ErrnoException) => {
    const install = `\`${start.program ?? 'nft'}\` is needed: install nftables 1.0.1 or later (\`apt install nftables\`)`;
    reject(new MissingNeed('nft', cause.code === 'ENOENT' ? install : 'cannot start a process for nft', { cause }));
  });
  child.on('close', (code, signal) => {
    clearTimeout(timer);
    if (code === 0) resolve(Buffer.concat(output).toString());
    else if (late) reject(new NftError('timeout', `nft did not finish within ${patience / 1000} s`));
    else if (signal !== null) reject(new NftError('crashed', `nft was ended by ${signal}`, complaints));
    else reject(readComplaint(complaints) ?? new NftError('rejected', `nft ended with code ${code}`, complaints));
  });
  child.stdin!.end(input);
  return promise;
}
