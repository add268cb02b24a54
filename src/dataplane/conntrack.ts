import { constants } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Connection, ConntrackEntry, entryAttribute } from './conntrack-entry.ts';
import { forgetWithTool } from './conntrack-tool.ts';
import { SystemCallError } from './libc.ts';
import { MissingNeed } from './need.ts';
import { flags, type Message, NetlinkSocket, netfilterError } from './netlink.ts';
import { NetlinkWriter } from './netlink-writer.ts';
import { encodeKey } from './nft-elements.ts';

const conntrack = 1;
const message = { add: conntrack << 8, get: (conntrack << 8) | 1, delete: (conntrack << 8) | 2 } as const;
const nested = 0x8000;
/** Datagrams of a dump, some 150 entries each, that are read in one go; then others get their turn. */
const datagramsInARow = 8;
/** Bytes of requests, some 100, that are sent in one go: as many failures fit the receive buffer. */
const requestBytes = 8 * 1024;
/** How often a dump of which something was lost is begun, at most. */
const attempts = 4;

/**
 * The connections that the kernel tracks in one network namespace. Needs koffi and root. A walk over all of them takes about a microsecond
 * for each, in turns of a millisecond; those that come and go meanwhile may be missed.
 */
export class Conntrack {
  readonly #namespace: number | undefined;
  #sockets: Sockets | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** `namespace` is the file descriptor of a network namespace; this process' own when absent. */
  constructor(namespace?: number) {
    this.#namespace = namespace;
  }

  /** Shows every connection. */
  async visit(look: (connection: Connection) => void): Promise<void> {
    await this.#walk((entry) => look(entry.read()));
  }

  /** Deletes the entries that match: the next packet of such a connection is a new one. Returns how many. */
  async forget(match: (connection: Connection) => boolean): Promise<number> {
    return await this.#walk((entry, walk) => {
      if (match(entry.read())) walk.forget(entry);
    });
  }

  /** Deletes the entries that have one of the addresses at any of their four ends. Returns how many. Without koffi it uses the `conntrack` tool. */
  async forgetAddresses(addresses: Iterable<string>): Promise<number> {
    const texts = [...addresses];
    if (texts.length === 0) return 0;
    const wanted = texts.map((text) => encodeKey(text, [text.includes(':') ? 'ipv6_addr' : 'ipv4_addr']));
    try {
      return await this.#walk((entry, walk) => {
        if (entry.hasEnd(wanted)) walk.forget(entry);
      });
    } catch (error) {
      if (error instanceof MissingNeed && error.need === 'koffi') return await forgetWithTool(texts);
      throw error;
    }
  }

  /**
   * Takes the bits of the mask off the mark of every connection, or only where they have that value. Returns of how many.
   * The `conntrack` tool cannot do it: without koffi there are no generations.
   */
  async clearMarks(mask: number, value?: number): Promise<number> {
    const filter = value === undefined ? undefined : { mask, value };
    return await this.#walk((entry, walk) => {
      const bits = (entry.mark & mask) >>> 0;
      if (value === undefined ? bits !== 0 : bits === value >>> 0) walk.clear(entry, mask);
    }, filter);
  }

  /** Ends the conversation with the kernel; the next call begins another. */
  close(): void {
    this.#sockets?.dump.close();
    this.#sockets?.changes.close();
    this.#sockets = undefined;
  }

  /** One walk at a time: they share their sockets. */
  #walk(visit: (entry: ConntrackEntry, walk: Walk) => void, filter?: { readonly mask: number; readonly value: number }): Promise<number> {
    const turn = this.#last.then(async () => {
      this.#sockets ??= { dump: new NetlinkSocket(this.#namespace), changes: new NetlinkSocket(this.#namespace) };
      try {
        return await new Walk(this.#sockets, filter).run(visit);
      } catch (error) {
        // What is left unread on them belongs to nobody.
        this.close();
        throw error;
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** What a walk talks over. They stay open: closing any netfilter socket waits some 15 ms for what nf_tables has yet to free. */
interface Sockets {
  readonly dump: NetlinkSocket;
  readonly changes: NetlinkSocket;
}

/** One walk over all entries, and what is to be done to them. */
class Walk {
  readonly #dump: NetlinkSocket;
  readonly #changes: NetlinkSocket;
  readonly #filter: { readonly mask: number; readonly value: number } | undefined;
  #requests = new NetlinkWriter();
  #waiting = 0;
  #changed = 0;

  constructor({ dump, changes }: Sockets, filter?: { readonly mask: number; readonly value: number }) {
    this.#filter = filter;
    this.#dump = dump;
    this.#changes = changes;
  }

  /** Shows each entry. Returns how many were changed. */
  async run(visit: (entry: ConntrackEntry, pass: this) => void): Promise<number> {
    for (let attempt = 1; !(await this.#walk(visit)); attempt++) {
      if (attempt === attempts) throw new SystemCallError('reading conntrack', constants.errno.ENOBUFS);
    }
    this.#flush();
    return this.#changed;
  }

  forget(entry: ConntrackEntry): void {
    this.#request(message.delete, entry, () => {
      const id = entry.value(entryAttribute.id);
      if (id !== undefined) this.#requests.value(entryAttribute.id, id);
    });
  }

  clear(entry: ConntrackEntry, mask: number): void {
    this.#request(message.add, entry, () => {
      this.#requests.number(entryAttribute.mark, 0);
      this.#requests.number(entryAttribute.markMask, mask);
    });
  }

  /** False when the kernel lost some of the dump on the way. */
  async #walk(visit: (entry: ConntrackEntry, pass: this) => void): Promise<boolean> {
    this.#ask();
    let complete = true;
    for (let count = 1; ; count++) {
      const messages = this.#receive();
      if (messages === undefined) complete = false;
      for (const found of messages ?? []) {
        if (found.status === 0) return complete;
        if (found.status !== undefined) throw netfilterError('reading conntrack', found.status);
        visit(new ConntrackEntry(found), this);
      }
      if (count % datagramsInARow === 0) await nextTurn();
    }
  }

  /** The next part of the dump, which the kernel makes while the one before is read; undefined where one was lost. */
  #receive(): Message[] | undefined {
    try {
      const messages = this.#dump.receive();
      if (messages === undefined) throw new SystemCallError('reading conntrack', constants.errno.ENODATA);
      return messages;
    } catch (error) {
      if (error instanceof SystemCallError && error.code === 'ENOBUFS') return undefined;
      throw error;
    }
  }

  #ask(): void {
    const writer = new NetlinkWriter();
    writer.message({ type: message.get, flags: flags.request | flags.dump, sequence: 0, family: 0 }, () => {
      if (this.#filter === undefined) return;
      writer.number(entryAttribute.mark, this.#filter.value);
      writer.number(entryAttribute.markMask, this.#filter.mask);
    });
    this.#dump.send(writer.bytes);
  }

  #request(type: number, entry: ConntrackEntry, write: () => void): void {
    const writer = this.#requests;
    writer.message({ type, flags: flags.request, sequence: 0, family: entry.family }, () => {
      writer.value(entryAttribute.original | nested, entry.value(entryAttribute.original) ?? Buffer.alloc(0));
      const zone = entry.value(entryAttribute.zone);
      if (zone !== undefined) writer.value(entryAttribute.zone, zone);
      write();
    });
    this.#waiting++;
    if (writer.length > requestBytes) this.#flush();
  }

  /** Sends what is to be done. Only failures are answered. */
  #flush(): void {
    if (this.#waiting === 0) return;
    this.#changes.send(this.#requests.bytes);
    this.#changed += this.#waiting;
    this.#waiting = 0;
    this.#requests = new NetlinkWriter();
    for (let answers = this.#changes.receive(); answers !== undefined; answers = this.#changes.receive()) {
      for (const answer of answers) {
        // Connections end by themselves meanwhile.
        if (answer.status !== constants.errno.ENOENT) throw netfilterError('changing conntrack', answer.status ?? 0);
        this.#changed--;
      }
    }
  }
}
