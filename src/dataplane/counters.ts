import { constants } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SystemCallError } from './libc.ts';
import { findAttribute, flags, type Message, NetlinkSocket, netfilterError } from './netlink.ts';
import { NetlinkWriter } from './netlink-writer.ts';
import { families, type TableName } from './table-change.ts';

const message = { new: (10 << 8) | 18, get: (10 << 8) | 19 } as const;
const attribute = { table: 1, name: 2, type: 3, data: 4, packets: 2 } as const;
const counterObject = 1;

/**
 * Reads the counters of a table without nft: some 200 at a time, of which a reading takes a fifth of a millisecond, and between these others get their turn.
 * Needs koffi and root. Main thread only. Source: linux/netfilter/nf_tables.h.
 */
export class CounterReader {
  readonly #table: TableName;
  readonly #socket: NetlinkSocket;
  #reading: Promise<ReadonlyMap<string, number>> | undefined;

  /** `namespace` is the file descriptor of a network namespace; this process' own when absent. */
  constructor(table: TableName, namespace?: number) {
    this.#table = table;
    this.#socket = new NetlinkSocket(namespace);
  }

  /** The packets that each counter has counted, by its name. One that comes or goes meanwhile may be missed. Who asks during a reading gets what it gives. */
  read(): Promise<ReadonlyMap<string, number>> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  close(): void {
    this.#socket.close();
  }

  async #read(): Promise<ReadonlyMap<string, number>> {
    // What an earlier reading has left, which ended early.
    while (this.#receive() !== undefined);
    const writer = new NetlinkWriter();
    const header = { type: message.get, flags: flags.request | flags.dump, sequence: 0, family: families[this.#table.family] };
    writer.message(header, () => {
      writer.text(attribute.table, this.#table.name);
      writer.number(attribute.type, counterObject);
    });
    this.#socket.send(writer.bytes);
    const packets = new Map<string, number>();
    for (;;) {
      const messages = this.#receive();
      if (messages === undefined) throw new SystemCallError('reading counters', constants.errno.ENODATA);
      for (const found of messages) {
        if (found.status === 0) return packets;
        if (found.status !== undefined) throw netfilterError('reading counters', found.status);
        const counter = counterIn(found);
        if (counter !== undefined) packets.set(...counter);
      }
      await nextTurn();
    }
  }

  #receive(): Message[] | undefined {
    return this.#socket.receive();
  }
}

function counterIn({ type, attributes }: Message): [name: string, packets: number] | undefined {
  if (type !== message.new) return undefined;
  const name = findAttribute(attributes, attribute.name)?.toString('utf8').replace(/\0.*/s, '');
  const data = findAttribute(attributes, attribute.data);
  const packets = data && findAttribute(data, attribute.packets);
  return name === undefined || packets?.length !== 8 ? undefined : [name, Number(packets.readBigUInt64BE(0))];
}
