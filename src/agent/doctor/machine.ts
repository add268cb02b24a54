import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withNamespace } from '#dataplane/namespace.ts';
import { NftError } from '#dataplane/nft-error.ts';
import { runNft } from '#dataplane/nft-process.ts';
import { cniResultsDirectory, networkIn } from '../cni-results.ts';

/** An expression or statement of a rule, as nft's JSON has it. Source: libnftables-json(5). */
export type Expression = Readonly<Record<string, unknown>>;

/** A base chain, a chain, a rule or a flow table of somebody's table. */
export interface Listed {
  readonly kind: 'chain' | 'rule' | 'flowtable' | 'set' | 'map';
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** Of a rule. */
  readonly chain?: string;
  readonly expr?: readonly Expression[];
  /** Of a base chain. */
  readonly type?: string;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
}

/** A table that nft can't list. */
export interface Unlisted {
  readonly table: string;
  readonly reason: string;
}

/** What others have in nftables. */
export interface Foreign {
  /** `inet filter`. */
  readonly tables: readonly string[];
  readonly listed: readonly Listed[];
  readonly unlisted: readonly Unlisted[];
}

/** Where a doctor looks, where that is not this process' own network namespace and the usual files. */
export interface MachineOptions {
  /** An open file descriptor of a network namespace. */
  readonly namespace?: number;
  readonly cniResults?: string;
  readonly nft?: string;
}

/** What a doctor looks at: the kernel's files of one network namespace, and its nftables. Nothing is changed. */
export class Machine {
  readonly #options: MachineOptions;
  #foreign: Promise<Foreign> | undefined;

  constructor(options: MachineOptions = {}) {
    this.#options = options;
  }

  /** As it was given. */
  get namespace(): number | undefined {
    return this.#options.namespace;
  }

  /** A file of the kernel; undefined where there is none. */
  read(path: string): string | undefined {
    return this.inside(() => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    });
  }

  /** A setting as a number, by its path under `/proc/sys/net`. */
  setting(path: string): number | undefined {
    const text = this.read(`/proc/sys/net/${path}`);
    return text === undefined ? undefined : Number(text);
  }

  /** Calls `visit` in the network namespace. */
  inside<T>(visit: () => T): T {
    const { namespace } = this.#options;
    return namespace === undefined ? visit() : withNamespace(namespace, visit);
  }

  /** The names of the interfaces. Source: dev_seq_show in net/core/net-procfs.c. */
  interfaces(): string[] {
    return (this.read('/proc/thread-self/net/dev') ?? '').split('\n').flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []);
  }

  /** Runs nft. Rejects with NftError or MissingNeed. */
  nft(words: readonly string[], script = ''): Promise<string> {
    const { namespace, nft: program } = this.#options;
    return runNft({ ...(namespace !== undefined && { namespace }), ...(program !== undefined && { program }) }, words, script);
  }

  /** Why the kernel, or nft, would not take a script; undefined when it would. Nothing is loaded. */
  async refusalOf(script: string): Promise<string | undefined> {
    try {
      await this.nft(['-c', '-f', '-'], script);
      return undefined;
    } catch (error) {
      if (error instanceof NftError) return error.message;
      throw error;
    }
  }

  /** What is in other people's tables, each asked for by itself: one that nft does not understand hides no other. */
  foreign(): Promise<Foreign> {
    this.#foreign ??= this.#list();
    return this.#foreign;
  }

  async #list(): Promise<Foreign> {
    const all = itemsOf(await this.nft(['-j', 'list', 'tables'])).flatMap(({ table }) => (table === undefined ? [] : [table]));
    const listed: Listed[] = [];
    const unlisted: Unlisted[] = [];
    const tables = all.filter(({ family, name }) => family !== 'inet' || !name.startsWith('sallyport'));
    for (const { family, name } of tables) {
      try {
        for (const item of itemsOf(await this.nft(['-j', 'list', 'table', family, name]))) listed.push(...listedIn(item));
      } catch (error) {
        if (!(error instanceof NftError || error instanceof SyntaxError)) throw error;
        unlisted.push({ table: `${family} ${name}`, reason: error.message });
      }
    }
    return { tables: tables.map(({ family, name }) => `${family} ${name}`), listed, unlisted };
  }

  /** The addresses that network plugins gave to pods of this machine. */
  podAddresses(): string[] {
    const directory = this.#options.cniResults ?? cniResultsDirectory;
    try {
      return readdirSync(directory).flatMap((name) => networkIn(readFileSync(join(directory, name), 'utf8'))?.addresses ?? []);
    } catch {
      return [];
    }
  }

  /** The first line that a program prints of its version; undefined where it is not there. */
  versionOf(program: string): string | undefined {
    try {
      return execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 }).split(
        '\n',
      )[0];
    } catch {
      return undefined;
    }
  }
}

type Item = Readonly<Partial<Record<'table' | Listed['kind'], Omit<Listed, 'kind'>>>>;

const itemsOf = (text: string): readonly Item[] => (JSON.parse(text) as { readonly nftables: readonly Item[] }).nftables;

const kinds = ['chain', 'rule', 'flowtable', 'set', 'map'] as const;

const listedIn = (item: Item): Listed[] => kinds.flatMap((kind) => (item[kind] === undefined ? [] : [{ ...item[kind], kind }]));

/** `ip filter, chain FORWARD`. */
export const placeOf = ({ family, table, chain, name }: Listed): string => `table ${family} ${table}, chain ${chain ?? name}`;

/** Whether something is anywhere in an expression. */
export function contains(value: unknown, isIt: (value: Expression) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value) && isIt(value as Expression)) return true;
  return Object.values(value).some((each) => contains(each, isIt));
}
