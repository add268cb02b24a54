import { SystemCallError } from './libc.ts';
import { MissingNeed } from './need.ts';
import { findAttribute, type Message, NetlinkSocket, netfilterError } from './netlink.ts';
import { kindOf, NftError } from './nft-error.ts';
import { encodeBatch, type TableChange, type TableName } from './table-change.ts';

const errorText = 1;

/**
 * Changes elements of our own sets and maps, replaces simple rules and removes what is no longer wanted, without nft: neither its start nor
 * what other tables hold costs time, and nothing of theirs can crash it. Needs koffi and root. Main thread only.
 */
export class NetlinkTable {
  readonly #table: TableName;
  readonly #socket: NetlinkSocket;

  /** `namespace` is the file descriptor of a network namespace; this process' own when absent. */
  constructor(table: TableName, namespace?: number) {
    this.#table = table;
    this.#socket = new NetlinkSocket(namespace);
  }

  /** The port that its changes come from. */
  get port(): number {
    return this.#socket.port;
  }

  /**
   * One transaction: all changes in their order, or none, committed when it returns.
   * Throws an NftError that names the change which the kernel refused, MissingNeed without the right, and a RangeError for a key that does not fit its set's types.
   */
  commit(changes: readonly TableChange[]): void {
    const batch = encodeBatch(this.#table, changes);
    if (batch === undefined) return;
    while (this.#receive() !== undefined);
    this.#send(batch.bytes);
    // The kernel has answered by now: a netlink request is carried out while it is being sent.
    let committed = false;
    for (let messages = this.#receive(); messages !== undefined; messages = this.#receive()) {
      for (const message of messages) {
        if (message.status !== 0) throw refusal(message, batch.origins[message.sequence]);
        committed = true;
      }
    }
    if (!committed) throw new NftError('crashed', 'the kernel did not answer a transaction');
  }

  /** Waits for the kernel to free what was deleted, some 15 ms: keep a table open for as long as it is used. */
  close(): void {
    this.#socket.close();
  }

  #send(bytes: Buffer): void {
    try {
      this.#socket.send(bytes);
    } catch (error) {
      if (!(error instanceof SystemCallError && error.code === 'EMSGSIZE')) throw error;
      throw new NftError('rejected', `a transaction of ${bytes.length} bytes is more than net.core.wmem_max allows in a user namespace`);
    }
  }

  #receive(): Message[] | undefined {
    try {
      return this.#socket.receive();
    } catch (error) {
      if (error instanceof SystemCallError && error.code === 'ENOBUFS')
        throw new NftError('crashed', 'the answer to a transaction was lost');
      throw error;
    }
  }
}

function refusal({ status, attributes }: Message, change: TableChange | undefined): NftError | MissingNeed {
  const error = netfilterError(change === undefined ? 'committing' : describe(change), status ?? 0);
  if (error instanceof MissingNeed) return error;
  const words = findAttribute(attributes, errorText)?.toString('utf8').replace(/\0.*/s, '');
  return new NftError(kindOf(error.code), words === undefined ? error.message : `${error.message} (${words})`);
}

function describe(change: TableChange): string {
  switch (change.change) {
    case 'add':
      return `adding elements to ${change.set}`;
    case 'delete':
      return `deleting elements of ${change.set}`;
    case 'replace':
      return `replacing the rules of ${change.chain}`;
    case 'remove':
      return `removing ${change.kind} ${change.name}`;
  }
}
