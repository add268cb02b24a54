import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flagsOfNode } from '#cli/hand-over.ts';
import { memoryOf } from './kernel/memory.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What one run of a command took. */
export interface Run {
  readonly milliseconds: number;
  /** The most memory it ever had, in MiB. */
  readonly mebibytes: number;
}

const launcher: readonly string[] = [join(root, 'bin/sallyport')];
/** As `bin/sallyport` starts it where there is no executable. */
const node: readonly string[] = [process.execPath, ...flagsOfNode, join(root, 'build/sallyport.js')];

/** A directory for input files, gone with the scope that made it. */
export class Workplace implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));

  /** How long `bin/sallyport` takes from the start of its process to the end, its output thrown away. Any exit code but 0 and 1 is an error. */
  time(...words: readonly string[]): number {
    return this.#spawn([...launcher, ...words]);
  }

  /** The same by Node, even where an executable is there. */
  timeWithNode(...words: readonly string[]): number {
    return this.#spawn([...node, ...words]);
  }

  /** Time and memory of a command, again and again. Each is of a run of its own: who watches the memory costs time. */
  async measure(times: number, ...words: readonly string[]): Promise<Run[]> {
    const runs: Run[] = [];
    while (runs.length < times) runs.push({ milliseconds: this.time(...words), mebibytes: await this.#watch(words) });
    return runs;
  }

  async #watch(words: readonly string[]): Promise<number> {
    const [program = '', ...rest] = [...launcher, ...words];
    const child = spawn(program, rest, { stdio: 'ignore' });
    let mebibytes = 0;
    // The process stays the same, whichever program goes on in it.
    const watch = setInterval(() => {
      mebibytes = Math.max(mebibytes, memoryOf(child.pid!, 'VmHWM'));
    }, 10);
    await once(child, 'exit').finally(() => clearInterval(watch));
    return mebibytes;
  }

  #spawn([program = '', ...words]: readonly string[]): number {
    const start = performance.now();
    const { status, stderr, error } = spawnSync(program, words, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    const milliseconds = performance.now() - start;
    if (error !== undefined) throw error;
    if (status !== 0 && status !== 1) throw new Error(`${program} ${words.join(' ')} ended with ${status}: ${stderr}`);
    return milliseconds;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
