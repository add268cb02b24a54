import type { Pod } from '../api/types.ts';
import { podsOf } from '../cluster/cluster.ts';
import { ConnectivityIndex } from '../connectivity/connectivity-index.ts';
import type { MatrixEntry } from '../connectivity/endpoints.ts';
import type { Located } from '../connectivity/located-pods.ts';
import type { Outlooks } from '../connectivity/pair-table.ts';
import { type AddressSet, addressesFrom, hasAddress, noAddresses, subtractAddresses } from '../net/address-set.ts';
import { type Family, families, parseIp } from '../net/ip.ts';
import type { Analysis } from '../verdict/analysis.ts';
import type { Members } from '../verdict/endpoint.ts';

/** Which of everybody an end means. */
export interface Cover {
  /** Endpoints of which it means all, and those of which it means some. */
  readonly whole: ReadonlySet<MatrixEntry>;
  readonly partly: ReadonlySet<MatrixEntry>;
  /** Whether it means the pod, as far as the family goes. */
  readonly holds: (pod: Located, family: Family) => boolean;
  /** The addresses that it means where nobody has them. */
  readonly free: AddressSet;
}

/** Everybody in a cluster and around it, to be asked again and again. */
export class Everybody {
  readonly index: ConnectivityIndex;
  readonly entries: readonly MatrixEntry[];
  readonly #analysis: Analysis;
  readonly #byFamily = new Map<Family, readonly MatrixEntry[]>();
  readonly #covers = new WeakMap<Members, Cover>();
  readonly #parts = new Map<MatrixEntry, readonly MatrixEntry[]>();
  readonly #glances = new WeakMap<MatrixEntry, Outlooks>();
  #homes: ReadonlyMap<Pod, readonly { readonly entry: MatrixEntry }[]> | undefined;
  #owned: AddressSet | undefined;

  constructor(analysis: Analysis) {
    this.#analysis = analysis;
    this.index = ConnectivityIndex.of(analysis);
    this.entries = this.index.everybody();
  }

  /** Those who are there and have addresses of the family. */
  of(family: Family): readonly MatrixEntry[] {
    let entries = this.#byFamily.get(family);
    if (entries === undefined) {
      entries = this.entries.filter(({ isPotential, uses }) => !isPotential && uses.some((use) => use.family === family));
      this.#byFamily.set(family, entries);
    }
    return entries;
  }

  /** Whom the members of an end are among everybody. */
  coverOf(members: Exclude<Members, { kind: 'backends' }>): Cover {
    let cover = this.#covers.get(members);
    if (cover === undefined) {
      cover = this.#lookFor(members);
      this.#covers.set(members, cover);
    }
    return cover;
  }

  #lookFor(members: Exclude<Members, { kind: 'backends' }>): Cover {
    const pods = new Set(members.kind === 'pods' ? members.pods : []);
    const free = freeAddresses(members);
    // Ranges and the internet are nobody's addresses only.
    const taken = members.kind === 'space' && !members.isWhole ? noAddresses : free;
    const holds = ({ pod, ends }: Located, family: Family): boolean =>
      pods.has(pod) ||
      (ends.some(({ party: { ip } }) => ip.family === family) &&
        ends.every(({ party: { ip } }) => ip.family !== family || hasAddress(taken, ip)));
    const isNode = ({ uses }: MatrixEntry): boolean => uses.every(({ examples }) => examples.every(({ ip }) => hasAddress(taken, ip)));
    const whole = new Set<MatrixEntry>();
    const partly = new Set<MatrixEntry>();
    for (const entry of taken === noAddresses ? this.#entriesOf(pods) : this.entries) {
      if (entry.addresses !== undefined) continue;
      const held = entry.located.flatMap((each) => familiesIn(each).map((family) => holds(each, family)));
      const isAll = entry.located.length === 0 ? isNode(entry) : held.every(Boolean);
      if (isAll) whole.add(entry);
      else if (held.some(Boolean)) partly.add(entry);
    }
    return { whole, partly, holds, free };
  }

  /** The endpoints that some of the pods belong to. */
  #entriesOf(pods: ReadonlySet<Pod>): ReadonlySet<MatrixEntry> {
    this.#homes ??= Map.groupBy(
      this.entries.flatMap((entry) => entry.located.map(({ pod }) => ({ pod, entry }))),
      ({ pod }) => pod,
    );
    return new Set([...pods].flatMap((pod) => this.#homes!.get(pod) ?? []).map(({ entry }) => entry));
  }

  /** The endpoint in parts that no rule tells apart. */
  partsOf(entry: MatrixEntry): readonly MatrixEntry[] {
    let parts = this.#parts.get(entry);
    if (parts === undefined) {
      parts = [...this.index.split(entry, () => '').values()];
      this.#parts.set(entry, parts);
    }
    return parts;
  }

  /** What a part meets as a source. */
  glancesOf(part: MatrixEntry): Outlooks {
    let glances = this.#glances.get(part);
    if (glances === undefined) {
      glances = this.index.pairs.glancesOf(part);
      this.#glances.set(part, glances);
    }
    return glances;
  }

  /** Of some addresses those that nobody has. */
  unowned(addresses: AddressSet): AddressSet {
    this.#owned ??= addressesFrom(
      [...podsOf(this.#analysis.cluster), ...this.#analysis.cluster.nodes.values()]
        .flatMap((each) => each.addresses)
        .filter((address) => this.#analysis.model.ownerOf(address).kind !== 'External')
        .map((address) => parseIp(address)!),
    );
    return subtractAddresses(addresses, this.#owned);
  }
}

const familiesIn = ({ ends }: Located): Family[] => families.filter((family) => ends.some(({ party: { ip } }) => ip.family === family));

function freeAddresses(members: Members): AddressSet {
  if (members.kind === 'space') return members.addresses;
  return members.kind === 'addresses' ? addressesFrom(members.addresses.map((address) => parseIp(address)!)) : noAddresses;
}
