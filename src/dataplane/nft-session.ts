import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { NftError, readComplaint } from './nft-error.ts';
import { type NftStart, patience, startNft } from './nft-process.ts';

/**
 * One nft that stays: a small transaction costs 0.2 ms instead of the 3 ms of a start and, when it deletes, the 13 ms that the kernel needs to
 * free what a closed socket leaves. It is a process of its own, as newer objects in foreign tables have crashed older nft.
 *
 * nft reads each script from a file without a name that both processes hold open. After it comes a line that is no command: the complaint about
 * it says that nft is done. One script at a time: the caller waits.
 */
export class NftSession {
  readonly #child: ChildProcess;
  readonly #input: Writable;
  readonly #script: number;
  #said = '';
  #count = 0;
  #ended: string | undefined;
  #wake: () => void = () => {};

  private constructor(start: NftStart) {
    this.#script = openNameless();
    this.#child = startNft(start, ['-i'], ['pipe', 'ignore', 'pipe', this.#script]);
    this.#input = this.#child.stdin as Writable;
    this.#input.on('error', () => {});
    (this.#child.stderr as Readable).on('data', (chunk: Buffer) => {
      this.#said += chunk.toString();
      this.#wake();
    });
    const end = (how: string) => () => {
      this.#ended ??= how;
      this.#wake();
    };
    this.#child.on('error', end('could not be started'));
    this.#child.on('exit', (code, signal) => end(`was ended by ${signal ?? `code ${code}`}`)());
    // A waiting nft must not keep the program alive.
    this.#child.unref();
    for (const stream of [this.#child.stdin, this.#child.stderr]) (stream as unknown as { unref(): void }).unref();
  }

  /** Starts nft and waits until it answers. Undefined where it cannot: built without its command line, no room for a script. */
  static async open(start: NftStart): Promise<NftSession | undefined> {
    let session: NftSession | undefined;
    try {
      session = new NftSession(start);
      await session.#answer();
      return session;
    } catch {
      session?.close();
      return undefined;
    }
  }

  /** The process; for tests that kill it. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** False once nft is gone. */
  get lives(): boolean {
    return this.#ended === undefined;
  }

  /** Runs a script as one transaction. Throws NftError or MissingNeed; after `crashed` and `timeout` the session is dead. */
  async run(script: string): Promise<void> {
    ftruncateSync(this.#script);
    writeSync(this.#script, script.endsWith('\n') ? script : `${script}\n`, 0);
    this.#input.write('include "/proc/self/fd/3"\n');
    const complaint = readComplaint(await this.#answer());
    if (complaint !== undefined) throw complaint;
  }

  close(): void {
    this.#ended ??= 'was closed';
    this.#child.kill('SIGKILL');
    this.#input.destroy();
    this.#child.stderr?.destroy();
    closeSync(this.#script);
  }

  /** What nft says until it complains about our mark. */
  async #answer(): Promise<string> {
    const mark = `sallyport-${++this.#count}`;
    // The complaint's head, the line it quotes, and a line with a caret.
    const pattern = new RegExp(`^[^\\n]*Error:[^\\n]*\\n${mark}\\n *\\^+ *\\n`, 'm');
    this.#input.write(`${mark}\n`);
    const deadline = setTimeout(() => {
      this.#ended ??= `did not answer within ${patience / 1000} s`;
      this.#wake();
    }, patience);
    try {
      for (;;) {
        const found = pattern.exec(this.#said);
        if (found !== null) {
          const said = this.#said.slice(0, found.index);
          this.#said = '';
          return said;
        }
        if (this.#ended !== undefined) throw new NftError('crashed', `nft ${this.#ended}`, this.#said);
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(deadline);
    }
  }
}

/** A file for reading and writing that has no name any more: gone with the last process that holds it, however that ends. */
function openNameless(): number {
  const path = join(tmpdir(), `sallyport-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return fd;
}
