import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What one run of the built program took, as Node runs it. */
export interface Run {
  readonly milliseconds: number;
  /** The most memory it ever had. */
  readonly mebibytes: number;
}

const launcher: readonly string[] = [join(root, 'bin/sallyport')];
/** As `bin/sallyport` starts it where there is no executable. */
const node: readonly string[] = [process.execPath, '--max-semi-space-size=8', join(root, 'build/sallyport.js')];

/** A directory for input files, gone with the scope that made it. */
export class Workplace implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));

  /** How long `bin/sallyport` takes from the start of its process to the end, its output thrown away. Any exit code but 0 and 1 is an error. */
  time(...words: readonly string[]): number {
    return this.#spawn([...launcher, ...words], process.env);
  }

  /** The same by Node, even where an executable is there. */
  timeWithNode(...words: readonly string[]): number {
    return this.#spawn([...node, ...words], process.env);
  }

  /** Time and memory of a command that Node runs. */
  measure(...words: readonly string[]): Run {
    const memory = join(this.path, '.memory');
    const env = { ...process.env, NODE_OPTIONS: `--import=${join(root, 'bench/memory.ts')}`, SALLYPORT_MEMORY: memory };
    this.#spawn([...node, ...words], env);
    // Once more without the watcher, which costs milliseconds itself.
    return { milliseconds: this.timeWithNode(...words), mebibytes: Number(readFileSync(memory, 'utf8')) / 1024 };
  }

  #spawn([program = '', ...words]: readonly string[], env: NodeJS.ProcessEnv): number {
    const start = performance.now();
    const { status, stderr, error } = spawnSync(program, words, { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    const milliseconds = performance.now() - start;
    if (error !== undefined) throw error;
    if (status !== 0 && status !== 1) throw new Error(`${program} ${words.join(' ')} ended with ${status}: ${stderr}`);
    return milliseconds;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
