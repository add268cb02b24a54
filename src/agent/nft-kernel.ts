import { closeSync } from 'node:fs';
import { type Listing, readListing } from '#core/ruleset/listing.ts';
import { printTable, printTransaction } from '#core/ruleset/print.ts';
import { type Change, type RulesetObject, type Transaction, table } from '#core/ruleset/types.ts';
import { Conntrack } from '#dataplane/conntrack.ts';
import { createNamespace, withNamespace } from '#dataplane/namespace.ts';
import { NetlinkTable } from '#dataplane/netlink-table.ts';
import { type Nft, openNft } from '#dataplane/nft.ts';
import { NftError } from '#dataplane/nft-error.ts';
import { runNft } from '#dataplane/nft-process.ts';
import { isNetlinkTransaction } from '#dataplane/table-change.ts';
import { TableWatch } from '#dataplane/table-watch.ts';
import type { Kernel } from './kernel.ts';

/** The kernel of a network namespace, given as an open file descriptor; that of this process when absent. Needs root there, nft, and koffi. */
export function openKernel(namespace?: number): Kernel {
  return new NftKernel(namespace);
}

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

  constructor(namespace: number | undefined) {
    this.#nft = openNft(namespace === undefined ? {} : { namespace });
    this.#namespace = namespace;
    this.#connections = new Conntrack(namespace);
    this.#inside = (visit) => (namespace === undefined ? visit() : withNamespace(namespace, visit));
  }

  async commit(transaction: Transaction): Promise<void> {
    const changes = inOrderOfRemoval(transaction);
    if (!isNetlinkTransaction(changes)) return this.#nft.run(printTransaction(transaction));
    this.#direct ??= this.#inside(() => new NetlinkTable({ family: 'inet', name: 'sallyport' }));
    this.#direct.commit(changes);
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
    const namespace = createNamespace();
    try {
      await runNft({ namespace }, ['-f', '-'], printTable(objects));
      return readListing(JSON.parse(await runNft({ namespace }, ['-j', 'list', 'table', ...table.split(' ')])));
    } finally {
      closeSync(namespace);
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

  onRemoved(visit: () => void): void {
    const [, name = ''] = table.split(' ');
    this.#watch = new TableWatch(name, visit, this.#namespace);
  }

  async packetsOf(counter: string): Promise<number> {
    const words = ['-j', 'list', 'counter', ...table.split(' '), counter];
    const text = await runNft(this.#namespace === undefined ? {} : { namespace: this.#namespace }, words).catch(() => '{}');
    const { nftables = [] } = JSON.parse(text) as { readonly nftables?: readonly { readonly counter?: { readonly packets: number } }[] };
    return nftables.find((each) => each.counter !== undefined)?.counter?.packets ?? 0;
  }

  async remove(): Promise<boolean> {
    if ((await this.list()).size === 0) return false;
    await this.#nft.run(`delete table ${table}\n`);
    return true;
  }

  close(): void {
    this.#watch?.close();
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
