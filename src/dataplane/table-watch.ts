import { SystemCallError } from './libc.ts';
import { findAttribute, type Message, NetlinkSocket } from './netlink.ts';
import { Reactor } from './reactor.ts';

const tablesGroup = 7;
const subsystem = 10 << 8;
const deletion = { table: subsystem | 2, chain: subsystem | 5, rule: subsystem | 8, set: subsystem | 11, object: subsystem | 20 } as const;
const nameAttribute = 1;

/**
 * Tells when a table is deleted, by whomever: a firewall that reloads flushes everything there is. Needs koffi and root. Main thread only.
 * Source: NFNLGRP_NFTABLES in linux/netfilter/nfnetlink.h.
 */
export class TableWatch {
  readonly #name: string;
  readonly #socket: NetlinkSocket;
  readonly #reactor = new Reactor();
  readonly #onDeleted: () => void;

  /** `namespace` is the file descriptor of a network namespace; this process' own when absent. */
  constructor(name: string, onDeleted: () => void, namespace?: number) {
    this.#name = name;
    this.#onDeleted = onDeleted;
    this.#socket = new NetlinkSocket(namespace);
    // The kernel tells of a table's parts first, and puts what is told of together into one datagram.
    this.#socket.join(tablesGroup, Object.values(deletion));
    this.#reactor.watch(this.#socket.fd, () => this.#read());
  }

  close(): void {
    this.#reactor.close();
    this.#socket.close();
  }

  #read(): void {
    let isGone = false;
    for (let messages = this.#receive(); messages !== undefined; messages = this.#receive())
      isGone ||= messages === 'lost' || messages.some((message) => this.#isDeletion(message));
    if (isGone) this.#onDeleted();
  }

  #isDeletion({ type, attributes }: Message): boolean {
    if (type !== deletion.table) return false;
    return findAttribute(attributes, nameAttribute)?.toString('utf8').replace(/\0.*/s, '') === this.#name;
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
