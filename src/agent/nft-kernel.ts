import { type Listing, readListing } from '#core/ruleset/listing.ts';
import { printTable, printTransaction } from '#core/ruleset/print.ts';
import { type Change, type RulesetObject, type Transaction, table } from '#core/ruleset/types.ts';
import { Conntrack } from '#dataplane/conntrack.ts';
import { CounterReader } from '#dataplane/counters.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import { NetlinkTable } from '#dataplane/netlink-table.ts';
import { type Nft, openNft } from '#dataplane/nft.ts';
import { NftError } from '#dataplane/nft-error.ts';
import { isNetlinkTransaction, type TableName } from '#dataplane/table-change.ts';
import { TableWatch } from '#dataplane/table-watch.ts';
import type { Kernel, TransactionCounts } from './kernel.ts';

const tableName: TableName = { family: 'inet', name: table.replace('inet ', '') };

/** The kernel of a network namespace, given as an open file descriptor; that of this process when absent. Needs root there, nft, and koffi. */
export function openKernel(namespace?: number): Kernel {
  return new NftKernel(namespace);
}

/**
 * Where `listOf` loads what it lists: beside our table, and dormant. A network namespace of its own would meet no packet either, but to make one
 * takes CAP_SYS_ADMIN, which is nearly everything that root may do.
 */
const comparison = `${table}-expected`;
/** Works whether it is there or not: an agent may have died before it took its own away. */
const removeComparison = `add table ${comparison}\ndelete table ${comparison}\n`;

/**
 * New objects go through nft, which has the words for every rule; what happens all the time (elements that come and go, the generation, old chains
 * that are removed) goes to the kernel directly, where it costs neither a process nor a look at other people's tables.
 */
class NftKernel implements Kernel {
  readonly #nft: Nft;
  readonly #inside: <T>(visit: () => T) => T;
  readonly #connections: Conntrack;
  readonly #namespace: number | undefined;
  #direct: NetlinkTable | undefined;
  #watch: TableWatch | undefined;
  #counters: CounterReader | undefined;
  readonly transactions: TransactionCounts = { nft: { committed: 0, refused: 0 }, netlink: { committed: 0, refused: 0 } };

  constructor(namespace: number | undefined) {
    this.#nft = openNft(namespace === undefined ? {} : { namespace });
    this.#namespace = namespace;
    this.#connections = new Conntrack(namespace);
    this.#inside = (visit) => (namespace === undefined ? visit() : withNamespace(namespace, visit));
  }

  async commit(transaction: Transaction): Promise<void> {
    const changes = inOrderOfRemoval(transaction);
    const isDirect = isNetlinkTransaction(changes);
    const counts = this.transactions[isDirect ? 'netlink' : 'nft'];
    try {
      if (isDirect) this.#writer().commit(changes);
      else await this.#nft.run(printTransaction(transaction));
      counts.committed++;
    } catch (error) {
      counts.refused++;
      throw error;
    }
  }

  #writer(): NetlinkTable {
    this.#direct ??= this.#inside(() => new NetlinkTable(tableName));
    return this.#direct;
  }

  counters(): Promise<ReadonlyMap<string, number>> {
    this.#counters ??= new CounterReader(tableName, this.#namespace);
    return this.#counters.read();
  }

  async check(transaction: Transaction): Promise<boolean> {
    try {
      await this.#nft.check(printTransaction(transaction));
      return true;
    } catch (error) {
      if (error instanceof NftError) return false;
      throw error;
    }
  }

  async list(): Promise<Listing> {
    try {
      return readListing(await this.#nft.list(table));
    } catch (error) {
      if (error instanceof NftError && error.kind === 'not-found') return new Map();
      throw error;
    }
  }

  async listOf(objects: Iterable<RulesetObject>): Promise<Listing> {
    await this.#nft.run(`${removeComparison}${printTable(objects, { name: comparison })}`);
    try {
      return readListing(await this.#nft.list(comparison));
    } finally {
      await this.#nft.run(removeComparison);
    }
  }

  async forgetConnections(addresses: readonly string[]): Promise<void> {
    await this.#connections.forgetAddresses(addresses);
  }

  async forgetPickedUp(addresses: ReadonlySet<string>): Promise<void> {
    await this.#connections.forget(({ isPickedUp, original, reply }) => {
      const ends = [original.source, original.destination, reply.source, reply.destination];
      return isPickedUp === true && ends.some((end) => addresses.has(end));
    });
  }

  async clearMarks(mask: number): Promise<void> {
    await this.#connections.clearMarks(mask);
  }

  onDeletion(visit: () => void): void {
    this.#watch = new TableWatch({
      table: tableName.name,
      namespace: this.#namespace,
      writer: this.#writer().port,
      isOwn: (port) => this.#nft.isOwn(port),
      onDeletion: visit,
    });
  }

  async remove(): Promise<boolean> {
    await this.#nft.run(removeComparison);
    if ((await this.list()).size === 0) return false;
    await this.#nft.run(`delete table ${table}\n`);
    return true;
  }

  close(): void {
    this.#watch?.close();
    this.#counters?.close();
    this.#nft.close();
    this.#direct?.close();
    this.#connections.close();
  }
}

/** Chains lose their rules before what the rules refer to goes. */
function inOrderOfRemoval(transaction: Transaction): Change[] {
  const emptied = transaction.flatMap((change): Change[] =>
    change.change === 'remove' && change.kind === 'chain' ? [{ change: 'replace', chain: change.name, rules: [] }] : [],
  );
  const first = transaction.filter(({ change }) => change !== 'remove');
  return [...first, ...emptied, ...transaction.filter(({ change }) => change === 'remove')];
}
