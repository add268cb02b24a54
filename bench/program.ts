import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What one run of the built program took. */
export interface Run {
  readonly milliseconds: number;
  /** The most memory it ever had. */
  readonly mebibytes: number;
}

/** A directory for input files, gone with the scope that made it. */
export class Workplace implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));

  /** Runs `bin/sallyport` from the start of its process to the end, its output thrown away. Any exit code but 0 and 1 is an error. */
  run(...words: readonly string[]): Run {
    const memory = join(this.path, '.memory');
    const env = { ...process.env, NODE_OPTIONS: `--import=${join(root, 'bench/memory.ts')}`, SALLYPORT_MEMORY: memory };
    const { status, stderr } = this.#spawn(words, env);
    if (status !== 0 && status !== 1) throw new Error(`sallyport ${words.join(' ')} ended with ${status}: ${stderr}`);
    // Once more without the watcher, which costs milliseconds itself.
    const start = performance.now();
    this.#spawn(words, process.env);
    return { milliseconds: performance.now() - start, mebibytes: Number(readFileSync(memory, 'utf8')) / 1024 };
  }

  #spawn(words: readonly string[], env: NodeJS.ProcessEnv): { status: number | null; stderr: string } {
    const { status, stderr, error } = spawnSync(join(root, 'bin/sallyport'), words, {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    if (error !== undefined) throw error;
    return { status, stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
