import { setTimeout as sleep } from 'node:timers/promises';
import { NftError } from './nft-error.ts';
import { type NftStart, runNft } from './nft-process.ts';
import { NftSession } from './nft-session.ts';

/** nft as a port. Scripts run one after the other, in the order of the calls. */
export interface Nft {
  /** Runs a script as one transaction: all of it, or nothing and an NftError (see its kinds) or MissingNeed. */
  run(script: string): Promise<void>;
  /** Asks the kernel whether it would run the script, and changes nothing. Rejects as `run` would. */
  check(script: string): Promise<void>;
  /** The table (`inet sallyport`) as nft's JSON; an NftError of kind `not-found` when there is none. Source: libnftables-json(5). */
  list(table: string): Promise<unknown>;
  /**
   * Whether a netlink port is that of a process of this nft's: the kernel gives a process its id as port, unless another has it in that network namespace. Source:
   * netlink(7).
   */
  isOwn(port: number): boolean;
  /** Ends the process that waits for scripts. */
  close(): void;
}

export interface NftOptions extends NftStart {
  /** False starts nft anew for each script. */
  readonly session?: boolean;
}

/** Larger scripts get a process of their own: nft would keep the memory they take. */
const sessionBytes = 64 * 1024;
/** How long nft is started anew for each script after a waiting one has died, in milliseconds. */
const sessionPause = 600_000;
/** Pauses before nft is started again after it has crashed, in milliseconds. */
const firstPause = 100;
const longestPause = 30_000;
/** So many processes are remembered: what the kernel tells of one's changes may be read when it has ended. */
const remembered = 16;

/** Opens nft; nothing is started before the first script. */
export function openNft(options: NftOptions = {}): Nft {
  return new NftRunner(options);
}

class NftRunner implements Nft {
  readonly #options: NftOptions;
  #queue: Promise<unknown> = Promise.resolve();
  #session: NftSession | undefined;
  #sessionAfter = 0;
  #crashes = 0;
  #closed = false;
  readonly #pids: number[] = [];

  constructor(options: NftOptions) {
    this.#options = { ...options, onStart: (pid) => this.#remember(pid) };
    if (options.session === false) this.#sessionAfter = Number.POSITIVE_INFINITY;
  }

  /** The waiting process; for tests that kill it. */
  get sessionPid(): number | undefined {
    return this.#session?.pid;
  }

  run(script: string): Promise<void> {
    return this.#inTurn(async () => {
      if (script.length > sessionBytes) return void (await this.#start(['-f', '-'], script));
      const session = await this.#openSession();
      if (session === undefined) return void (await this.#start(['-f', '-'], script));
      try {
        await session.run(script);
      } finally {
        if (!session.lives) this.#abandonSession();
      }
    });
  }

  async check(script: string): Promise<void> {
    await this.#inTurn(() => this.#start(['-c', '-f', '-'], script));
  }

  async list(table: string): Promise<unknown> {
    const text = await this.#inTurn(() => this.#start(['-j', 'list', 'table', ...table.split(' ')], ''));
    return JSON.parse(text);
  }

  isOwn(port: number): boolean {
    return port === this.sessionPid || this.#pids.includes(port);
  }

  #remember(pid: number): void {
    this.#pids.push(pid);
    if (this.#pids.length > remembered) this.#pids.shift();
  }

  close(): void {
    this.#closed = true;
    this.#session?.close();
    this.#session = undefined;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => {
      if (this.#closed) throw new Error('nft was closed');
      return work();
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** Starts nft for one script, after a pause that doubles with each crash. */
  async #start(args: readonly string[], script: string): Promise<string> {
    if (this.#crashes > 0) await sleep(Math.min(firstPause * 2 ** (this.#crashes - 1), longestPause));
    try {
      const output = await runNft(this.#options, args, script);
      this.#crashes = 0;
      return output;
    } catch (error) {
      this.#crashes = error instanceof NftError && error.kind === 'crashed' ? this.#crashes + 1 : 0;
      throw error;
    }
  }

  async #openSession(): Promise<NftSession | undefined> {
    if (this.#session?.lives === false) this.#abandonSession();
    if (this.#session !== undefined || Date.now() < this.#sessionAfter) return this.#session;
    const session = await NftSession.open(this.#options);
    if (session === undefined) this.#abandonSession();
    else if (this.#closed) session.close();
    this.#session = this.#closed ? undefined : session;
    return this.#session;
  }

  #abandonSession(): void {
    this.#session?.close();
    this.#session = undefined;
    this.#sessionAfter = Date.now() + sessionPause;
  }
}
