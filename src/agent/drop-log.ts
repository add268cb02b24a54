import type { PolicyModel } from '#core/policy/policy-model.ts';
import { frame } from '#core/ruleset/frame.ts';
import type { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import { type Drop, dropOf, type Logged, type Missed } from '#core/verdict/drop.ts';
import { type LoggedPacket, PacketLog } from '#dataplane/nflog.ts';
import type { Kernel } from './kernel.ts';

/** Milliseconds between looks at the log; what has come is told then. */
const lookInterval = 100;
/** Packets that are read at one look, so that a flood has its bounds: the kernel counts the others. */
const mostAtOnce = 500;
/** Milliseconds for which more of a connection that was told of is only counted. */
const window = 10_000;
/** Connections that are counted at a time, and lines a second. */
const mostConnections = 5000;
const mostLines = 100;

/** What a line is made of, while more of it may come. */
interface Counted {
  readonly logged: Logged;
  packets: number;
  /** When the first packet came that has not been told of, by the clock of the day. */
  since: number;
  told: number | undefined;
}

interface DropLogOptions {
  readonly node: string;
  readonly group: number;
  readonly model: PolicyModel;
  readonly ruleset: NodeRuleset;
  readonly kernel: Pick<Kernel, 'counters'>;
  readonly onLine: (line: Drop | Missed) => void;
}

/**
 * Makes lines of what the kernel logs: of like connections the first is told at once, and what follows is counted. However many packets are denied,
 * it reads some thousand a second and tells a hundred; the rest is told as a number.
 */
export class DropLog {
  readonly #options: DropLogOptions;
  readonly #log: PacketLog;
  readonly #connections = new Map<string, Counted>();
  readonly #timer: NodeJS.Timeout;
  #lines = mostLines;
  #missed = 0;
  #lost = 0;
  #unlogged = 0;
  #asked = performance.now();
  #hasHeard = false;

  /** Throws when somebody else reads the group, or when this process may not. */
  constructor(options: DropLogOptions) {
    this.#options = options;
    this.#log = new PacketLog(options.group);
    this.#timer = setInterval(() => this.#look(), lookInterval);
    // A table that is there already has counted for another agent.
    void this.#countUnlogged().then((packets) => {
      this.#unlogged = packets;
    });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#log.close();
  }

  #look(): void {
    const packets = this.#log.read(mostAtOnce);
    for (const packet of packets) this.#take(packet);
    this.#hasHeard ||= packets.length > 0;
    this.#lines = Math.min(mostLines, this.#lines + (mostLines * lookInterval) / 1000);
    const now = performance.now();
    for (const [key, counted] of this.#connections) this.#tell(key, counted, now);
    if (now - this.#asked < window || !this.#hasHeard) return;
    this.#asked = now;
    this.#hasHeard = false;
    void this.#tellMissed();
  }

  #take({ prefix, source, destination, sourcePort, destinationPort, protocol }: LoggedPacket): void {
    const denials = this.#options.ruleset.denialsOf(prefix);
    // Another program's, or of a gate that is gone.
    if (denials === undefined || source === '') return;
    const key = `${prefix} ${source} ${destination} ${protocol} ${destinationPort ?? ''}`;
    const known = this.#connections.get(key);
    const now = Date.now();
    if (known !== undefined) {
      if (known.packets++ === 0) known.since = now;
      return;
    }
    if (this.#connections.size >= mostConnections) {
      this.#missed++;
      return;
    }
    const { direction, policies, isAudit: audit = false } = denials;
    const port = sourcePort === undefined ? 0 : (destinationPort ?? 0);
    const logged: Logged = { source, destination, protocol: protocolName(protocol), port, direction, policies, audit };
    this.#connections.set(key, { logged, packets: 1, since: now, told: undefined });
  }

  #tell(key: string, counted: Counted, now: number): void {
    if (counted.told !== undefined && now - counted.told < window) return;
    if (counted.packets === 0) {
      this.#connections.delete(key);
      return;
    }
    if (this.#lines < 1) return;
    this.#lines--;
    const { model, node, onLine } = this.#options;
    onLine(dropOf(model, counted.logged, { time: new Date(counted.since).toISOString(), node, packets: counted.packets }));
    counted.packets = 0;
    counted.told = now;
  }

  /** How many packets the kernel has denied without logging them; what can't be counted now is counted later. */
  async #countUnlogged(): Promise<number> {
    const counters = await this.#options.kernel.counters().catch(() => new Map<string, number>());
    return counters.get(frame.unlogged) ?? this.#unlogged;
  }

  /** Tells how many packets the log has not shown: those beyond the kernel's rate, those that came faster than they were read, and those beyond ours. */
  async #tellMissed(): Promise<void> {
    const { node, onLine } = this.#options;
    const unlogged = await this.#countUnlogged();
    // The counter may have been made anew.
    const more = Math.max(0, unlogged - this.#unlogged);
    this.#unlogged = unlogged;
    const missed = more + this.#missed + (this.#log.lost - this.#lost);
    this.#missed = 0;
    this.#lost = this.#log.lost;
    if (missed > 0) onLine({ time: new Date().toISOString(), node, missed });
  }
}

const names: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6', 132: 'SCTP' };
const protocolName = (number: number): string => names[number] ?? `IP/${number}`;
