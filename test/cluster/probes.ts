import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A connection that was tried; times are in milliseconds of `now`. */
export interface Probed {
  readonly target: string;
  readonly begun: number;
  readonly ended: number;
  readonly isOpen: boolean;
}

/** The clock of the probes. */
export const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** A pod that opens one connection after another, to each of its targets in turn. */
export class Probes implements AsyncDisposable {
  readonly results: Probed[] = [];
  readonly #child: ChildProcess;

  /** Starts in the network namespace at a path; `interval` is in milliseconds. */
  constructor(namespace: string, interval: number, targets: readonly string[]) {
    const words = [`--net=${namespace}`, process.execPath, join(import.meta.dirname, 'probe.ts'), String(interval), ...targets];
    this.#child = spawn('nsenter', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface(this.#child.stdout!).on('line', (line) => {
      const [target = '', begun, ended, answer] = line.split(' ');
      this.results.push({ target, begun: Number(begun), ended: Number(ended), isOpen: answer === 'yes' });
    });
  }

  /** The first connection after a moment that went so; waits for it. */
  async first(isOpen: boolean, after: number, target?: string, patience = 20_000): Promise<Probed> {
    for (const deadline = Date.now() + patience; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 5))) {
      const found = this.results.find((each) => each.begun >= after && each.isOpen === isOpen && (target ?? each.target) === each.target);
      if (found !== undefined) return found;
    }
    throw new Error(`no connection to ${target ?? 'any target'} was ${isOpen ? 'open' : 'closed'} in ${patience} ms`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill();
    await ended;
  }
}
