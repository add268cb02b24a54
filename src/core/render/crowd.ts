import type { MatrixEndpoint } from '../connectivity/endpoints.ts';

/** Endpoints that belong together in the eyes of a reader: those of a namespace, the nodes, the addresses outside. */
interface Group {
  readonly members: MatrixEndpoint[];
  /** What all of them together are called. */
  readonly name: string;
}

/** Names sets of endpoints in few words: whole namespaces as `shop/*`, all endpoints as `everybody`. */
export class Crowd {
  readonly #groups = new Map<string, Group>();
  readonly #names = new Map<string, string>();
  readonly #single = new Set<string>();

  constructor(endpoints: readonly MatrixEndpoint[]) {
    for (const endpoint of endpoints) {
      const name = groupName(endpoint);
      const group = this.#groups.get(name);
      if (group === undefined) this.#groups.set(name, { members: [endpoint], name });
      else group.members.push(endpoint);
      // What stands for one pod, node or address range has no connections among its own.
      if ((endpoint.pods ?? 1) < 2) this.#single.add(endpoint.id);
    }
    for (const { members } of this.#groups.values()) this.#nameMembers(members);
  }

  /** The endpoints of these ids in words, in the order of all endpoints. `self` counts as one of them where it has no way to itself. */
  namesOf(ids: ReadonlySet<string>, self?: string): string[] {
    const isMeant = (id: string): boolean => ids.has(id) || (id === self && this.#single.has(id));
    const names: string[] = [];
    let isEverybody = this.#names.size > 1;
    for (const { members, name } of this.#groups.values()) {
      const missing = members.filter(({ id }) => !isMeant(id));
      isEverybody &&= missing.length === 0;
      const named = this.#each(members, ids);
      names.push(...(named.length > 1 && isMostly(members, missing) ? [this.#allBut(name, missing)] : named));
    }
    return isEverybody ? ['everybody'] : names;
  }

  /** `shop/*`, or `shop/* but shop/web`. */
  #allBut(name: string, missing: readonly MatrixEndpoint[]): string {
    return missing.length === 0 ? name : `${name} but ${this.#each(missing, undefined).join(' and ')}`;
  }

  #each(members: readonly MatrixEndpoint[], ids: ReadonlySet<string> | undefined): string[] {
    return members.flatMap(({ id }) => (ids === undefined || ids.has(id) ? [this.#names.get(id)!] : []));
  }

  /** `shop/web`, with the kind where two endpoints of the namespace have that name. */
  #nameMembers(members: readonly MatrixEndpoint[]): void {
    const short = ({ namespace, name, id }: MatrixEndpoint): string => (namespace === undefined ? id : `${namespace}/${name}`);
    const uses = Map.groupBy(members, short);
    for (const endpoint of members) {
      const { id, kind, pods = 1 } = endpoint;
      const name = uses.get(short(endpoint))!.length > 1 ? id : short(endpoint);
      const more = kind === 'Pod' && pods > 1 ? ` and ${pods - 1} alike` : '';
      this.#names.set(id, kind === 'External' ? externalName(endpoint, members) : name + more);
    }
  }
}

/** Whether a group is easier named with its exceptions than one by one. */
const isMostly = (members: readonly MatrixEndpoint[], missing: readonly MatrixEndpoint[]): boolean =>
  missing.length <= 2 && missing.length * 3 <= members.length;

const groupName = ({ kind, namespace }: MatrixEndpoint): string => {
  if (namespace !== undefined) return `${namespace}/*`;
  return kind === 'Node' ? 'every node' : 'outside';
};

/** Addresses outside: all of them, an address, or ranges. */
function externalName({ ranges = [], id }: MatrixEndpoint, outside: readonly MatrixEndpoint[]): string {
  if (outside.length === 1 && ranges.length > 0) return 'outside';
  return ranges.length <= 2 ? id : `${ranges[0]} and ${ranges.length - 1} ranges more`;
}
