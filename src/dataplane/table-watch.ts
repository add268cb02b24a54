import { SystemCallError } from './libc.ts';
import { findAttribute, type Message, NetlinkSocket } from './netlink.ts';
import { Reactor } from './reactor.ts';
import { tableWatchFilter } from './table-watch-filter.ts';

const tablesGroup = 7;
const subsystem = 10 << 8;
const deletion = {
  table: subsystem | 2,
  chain: subsystem | 5,
  rule: subsystem | 8,
  set: subsystem | 11,
  element: subsystem | 14,
  object: subsystem | 20,
} as const;
const deletions: readonly number[] = Object.values(deletion);
const nameAttribute = 1;
/** Room for what the kernel tells of a large table that goes, in bytes; used while it is being told. */
const room = 4 * 1024 * 1024;

/** What is watched, and who may take away of it. */
export interface TableWatchOptions {
  /** The name of the table, in any family. */
  readonly table: string;
  /** The file descriptor of a network namespace; this process' own when absent. */
  readonly namespace?: number | undefined;
  /** The port of the socket that does most of the changes: of it not even the kernel tells. */
  readonly writer: number;
  /** Whether a port is one of the others whose changes are ours; of the table as a whole none is. */
  readonly isOwn: (port: number) => boolean;
  /** Told when somebody else has taken away the table or anything in it, or may have. */
  readonly onDeletion: () => void;
}

/**
 * Tells when somebody takes away a table or what it holds: a firewall that reloads flushes everything there is. What is put in is not told of.
 * Needs koffi and root. Main thread only. Source: NFNLGRP_NFTABLES in linux/netfilter/nfnetlink.h.
 */
export class TableWatch {
  readonly #options: TableWatchOptions;
  readonly #socket: NetlinkSocket;
  readonly #reactor = new Reactor();

  constructor(options: TableWatchOptions) {
    const { table, namespace, writer } = options;
    this.#options = options;
    this.#socket = new NetlinkSocket(namespace);
    this.#socket.makeRoom(room);
    // The kernel tells of a table's parts first, and puts what is told of together into one datagram. Elements of others come and go all the time.
    const always = deletions.filter((type) => type !== deletion.element);
    this.#socket.join(tablesGroup, tableWatchFilter({ always, ofTable: [deletion.element], table, except: writer }));
    this.#reactor.watch(this.#socket.fd, () => this.#read());
  }

  close(): void {
    this.#reactor.close();
    this.#socket.close();
  }

  #read(): void {
    let isHarmed = false;
    for (let messages = this.#receive(); messages !== undefined; messages = this.#receive())
      isHarmed ||= messages === 'lost' || messages.some((message) => this.#isHarm(message));
    if (isHarmed) this.#options.onDeletion();
  }

  #isHarm({ type, sender, attributes }: Message): boolean {
    const { table, isOwn } = this.#options;
    // Nobody here deletes the table itself: whoever seems to be ours by a port that another process has too, that is harm.
    if (!deletions.includes(type) || (type !== deletion.table && isOwn(sender))) return false;
    return findAttribute(attributes, nameAttribute)?.toString('utf8').replace(/\0.*/s, '') === table;
  }

  #receive(): Message[] | 'lost' | undefined {
    try {
      return this.#socket.receive();
    } catch (error) {
      if (error instanceof SystemCallError && error.code === 'ENOBUFS') return 'lost';
      throw error;
    }
  }
}
