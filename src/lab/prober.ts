import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Protocol } from '#core/net/protocol.ts';
import { SystemCallError } from '#dataplane/libc.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import type { Reactor } from '#dataplane/reactor.ts';
import { type Answer, type Attempt, type AttemptOptions, attemptSctp, attemptTcp, attemptUdp } from './attempt.ts';
import { type DeniedConnections, deniedKey } from './denied.ts';
import type { Listeners, Site } from './listener.ts';
import type { SourcePorts } from './source-ports.ts';
import type { SocketAddress } from './system-calls.ts';

/** A connection to try. */
export interface Probe {
  readonly from: Site;
  readonly to: SocketAddress;
  readonly protocol: Protocol;
  /** Where translation may lead the connection; `to` itself where there is none. */
  readonly ends: readonly SocketAddress[];
  /** Addresses that nodes may put in the place of the source on the way; they keep its port as long as it is free there. */
  readonly aliases: readonly string[];
}

/** What became of it. `denied`: nobody answered, and our own ruleset has recorded that it dropped this very connection. */
export type Outcome = Answer | 'denied' | 'silent';

/** How long a probe waits before the record of its denial is looked for, in milliseconds. Source: design.md section 7. */
const patience = 250;
/** How long it waits when there is no record: a busy machine answers late, but it does not deny. */
const greatestPatience = 3000;
/** When to ask again, in milliseconds from the start of a batch: datagrams may be lost. */
const repeats = [60, 150];
/** How many connections are opened before answers are looked at. */
const burst = 64;

/** Opens connections, many at once, each from a source port that it knows and has not used for a long time. */
export class Prober {
  readonly #reactor: Reactor;
  readonly #listeners: Listeners;
  readonly #ports: SourcePorts;

  constructor(reactor: Reactor, listeners: Listeners, ports: SourcePorts) {
    this.#reactor = reactor;
    this.#listeners = listeners;
    this.#ports = ports;
  }

  /** Tries the connections. `readDenied` is called when nobody answered some of them, at most twice for each few thousand. */
  async run(probes: readonly Probe[], readDenied?: () => Promise<DeniedConnections>): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const most = mostAtOnce();
    for (let start = 0; start < probes.length; start += most) {
      const batch = new Batch(probes.slice(start, start + most));
      try {
        await this.#openAll(batch);
        await batch.wait(patience, repeats);
        if (readDenied !== undefined) await batch.settleDenied(readDenied);
        await batch.wait(greatestPatience, [500, 1000, 2000]);
        if (readDenied !== undefined) await batch.settleDenied(readDenied);
        outcomes.push(...batch.outcomes());
      } finally {
        batch.close();
      }
    }
    return outcomes;
  }

  async #openAll(batch: Batch): Promise<void> {
    const { probes } = batch;
    for (let start = 0; start < probes.length; ) {
      const { namespace } = probes[start]!.from;
      let end = start + 1;
      while (end < probes.length && end - start < burst && probes[end]!.from.namespace === namespace) end++;
      withNamespace(namespace, () => {
        for (let index = start; index < end; index++) this.#open(batch, index);
      });
      start = end;
      await nextTurn();
    }
  }

  #open(batch: Batch, index: number): void {
    const probe = batch.probes[index]!;
    const onAnswer = (answer: Answer): void => batch.settle(index, answer);
    try {
      this.#ports.open(probe.from.address, (from) => {
        batch.opened(index, from, this.#attempt(probe, { reactor: this.#reactor, from, to: probe.to, onAnswer }));
      });
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      batch.settle(index, { failure: error.code });
    }
  }

  #attempt(probe: Probe, options: AttemptOptions): Attempt {
    if (probe.protocol === 'TCP') return attemptTcp(options);
    if (probe.protocol === 'UDP') return attemptUdp(options);
    return attemptSctp(this.#listeners.sctpAt(probe.from), options);
  }
}

/** Connections that are tried side by side. */
class Batch {
  readonly probes: readonly Probe[];
  readonly #outcomes: (Outcome | undefined)[];
  readonly #attempts = new Map<number, { readonly from: SocketAddress; readonly attempt: Attempt }>();
  #whenSettled: (() => void) | undefined;

  constructor(probes: readonly Probe[]) {
    this.probes = probes;
    this.#outcomes = new Array(probes.length);
  }

  opened(index: number, from: SocketAddress, attempt: Attempt): void {
    this.#attempts.set(index, { from, attempt });
    this.#ask(index, attempt);
  }

  /** The first outcome of a probe counts. */
  settle(index: number, outcome: Outcome): void {
    this.#outcomes[index] ??= outcome;
    this.#attempts.get(index)?.attempt.close();
    this.#attempts.delete(index);
    if (this.#attempts.size === 0) this.#whenSettled?.();
  }

  /** Waits until all are settled, or so many milliseconds from now. */
  async wait(milliseconds: number, askAgainAfter: readonly number[]): Promise<void> {
    if (this.#attempts.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenSettled = resolve;
    const askAll = (): void => {
      for (const [index, { attempt }] of [...this.#attempts]) this.#ask(index, attempt);
    };
    const timers = [...askAgainAfter.map((after) => setTimeout(askAll, after)), setTimeout(resolve, milliseconds)];
    await promise;
    for (const timer of timers) clearTimeout(timer);
    this.#whenSettled = undefined;
  }

  /** Those that nobody answered and that a ruleset says it has dropped are denied. */
  async settleDenied(readDenied: () => Promise<DeniedConnections>): Promise<void> {
    if (this.#attempts.size === 0) return;
    const denied = await readDenied();
    for (const [index, { from }] of [...this.#attempts]) {
      const { protocol, to, ends, aliases } = this.probes[index]!;
      const sources = [from, ...aliases.map((ip) => ({ ip, port: from.port }))];
      // A gate before the translation has seen what was asked for.
      if (sources.some((source) => [to, ...ends].some((end) => denied.has(deniedKey(protocol, source, end))))) this.settle(index, 'denied');
    }
  }

  outcomes(): Outcome[] {
    return this.probes.map((_, index) => this.#outcomes[index] ?? 'silent');
  }

  close(): void {
    for (const { attempt } of this.#attempts.values()) attempt.close();
    this.#attempts.clear();
  }

  #ask(index: number, attempt: Attempt): void {
    const failure = attempt.ask();
    if (failure !== undefined && !unsent.has(failure)) this.settle(index, { failure });
  }
}

/** Errnos of a datagram that did not leave: no room for it now, or rules of the sender's own machine drop it, as those of a node do. Whose they are, the witness says. */
const unsent: ReadonlySet<string> = new Set(['EAGAIN', 'EPERM']);

/** Each connection takes a descriptor at each end; the rest of the program needs some too. */
function mostAtOnce(): number {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024);
  return Math.max(64, Math.min(4096, Math.floor(limit / 4)));
}
