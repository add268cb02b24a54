import type { MatrixEndpoint } from '../connectivity/endpoints.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import { outsideNames } from './outside.ts';
import type { Members } from './traffic.ts';

/** Endpoints that belong together in the eyes of a reader: those of a namespace, the nodes, the addresses outside. */
export interface Group {
  /** What all of them together are called: `shop/*`, `every node`, `outside`. */
  readonly name: string;
  readonly kind: 'namespace' | 'nodes' | 'outside' | 'potential';
  readonly members: MatrixEndpoint[];
}

/** The groups of the endpoints, in the order of the first of each. */
export function groupsOf(endpoints: readonly MatrixEndpoint[]): Group[] {
  const groups = new Map<string, Group>();
  for (const endpoint of endpoints) {
    const group = groupLike(endpoint);
    const known = groups.get(group.name);
    if (known === undefined) groups.set(group.name, group);
    else known.members.push(endpoint);
  }
  return [...groups.values()];
}

function groupLike(endpoint: MatrixEndpoint): Group {
  const { kind, namespace } = endpoint;
  const members = [endpoint];
  if (namespace !== undefined) return { name: `${namespace}/*`, kind: 'namespace', members };
  if (kind === 'Node') return { name: 'every node', kind: 'nodes', members };
  if (kind === 'External' || kind === 'Internet') return { name: 'outside', kind: 'outside', members };
  return { name: 'pods that may come', kind: 'potential', members };
}

/** What every endpoint is called in words: `shop/web`, with the kind where two endpoints of the namespace have that name. */
export function namesOf({ kind, members }: Group): ReadonlyMap<string, string> {
  if (kind === 'outside') return outsideNames(members);
  const short = ({ namespace, name, id }: MatrixEndpoint): string =>
    namespace === undefined || name === undefined ? id : `${namespace}/${name}`;
  const uses = Map.groupBy(members, short);
  return new Map(
    members.map((endpoint) => {
      const { id, pods = 1 } = endpoint;
      const name = uses.get(short(endpoint))!.length > 1 ? id : short(endpoint);
      return [id, endpoint.kind === 'Pod' && pods > 1 ? `${name} and ${pods - 1} alike` : name];
    }),
  );
}

/** Whether it stands for one pod, node or address range, which has no connections with itself. */
export const isSingle = ({ pods = 1 }: MatrixEndpoint): boolean => pods < 2;

/** Of what only some may do something, where one of them has something to do with another. */
export const membersOf = (...ends: readonly MatrixEndpoint[]): Members => (ends.every(isSingle) ? 'addresses' : 'pods');

/** Names sets of endpoints in few words: whole namespaces as `shop/*`, all endpoints as `everybody`. */
export class Crowd {
  readonly #groups: readonly Group[];
  readonly #names = new Map<string, string>();
  readonly #single: ReadonlySet<string>;
  /** The places of groups, by the ids of their members. */
  readonly #placeOf = new Map<string, number>();
  /** The places of the endpoints themselves, each within its group. */
  readonly #rankOf = new Map<string, number>();

  /** `endpoints`: everybody there is, not only those of an answer: what lacks one of them is not everybody. */
  constructor(endpoints: readonly MatrixEndpoint[]) {
    this.#groups = groupsOf(endpoints);
    this.#single = new Set(endpoints.filter(isSingle).map(({ id }) => id));
    for (const [place, group] of this.#groups.entries()) {
      for (const [id, name] of namesOf(group)) this.#names.set(id, name);
      for (const { id } of group.members) {
        this.#rankOf.set(id, this.#rankOf.size);
        this.#placeOf.set(id, place);
      }
    }
  }

  /** Of what only some may do something, where the endpoints of these ids have to do with each other. */
  membersOf(...ids: readonly string[]): Members {
    return ids.every((id) => this.#single.has(id)) ? 'addresses' : 'pods';
  }

  /** The endpoints of these ids in words, in the order of all endpoints. `self` counts as one of them where it has no way to itself. */
  namesOf(ids: ReadonlySet<string>, self?: string): string[] {
    const alone = self !== undefined && this.#single.has(self) && !ids.has(self) ? self : undefined;
    const names: string[] = [];
    const parts = this.#partsOf(alone === undefined ? ids : [...ids, alone]);
    let isEverybody = this.#names.size > 1 && parts.length === this.#groups.length;
    for (const [place, meant] of parts) {
      const { members, name, kind } = this.#groups[place]!;
      const lacks = members.length - meant.length;
      isEverybody &&= lacks === 0;
      const named = alone === undefined ? meant : meant.filter((id) => id !== alone);
      if (named.length > 1 && kind !== 'potential' && isMostly(members, lacks)) names.push(this.#allBut(name, members, meant));
      else names.push(...named.map((id) => this.#names.get(id)!));
    }
    return isEverybody ? ['everybody'] : names;
  }

  /** The groups of which some of these are members, by their places, with those members, all in the order of all endpoints. */
  #partsOf(ids: Iterable<string>): [place: number, meant: string[]][] {
    const parts = new Map<number, string[]>();
    for (const id of ids) {
      const place = this.#placeOf.get(id);
      if (place !== undefined) getOrMake(parts, place, (): string[] => []).push(id);
    }
    for (const meant of parts.values()) if (meant.length > 1) meant.sort((a, b) => this.#rankOf.get(a)! - this.#rankOf.get(b)!);
    return [...parts].sort(([a], [b]) => a - b);
  }

  /** `shop/*`, or `shop/* but shop/web`. */
  #allBut(name: string, members: readonly MatrixEndpoint[], meant: readonly string[]): string {
    if (members.length === meant.length) return name;
    const known = new Set(meant);
    const missing = members.flatMap(({ id }) => (known.has(id) ? [] : this.#names.get(id)!));
    return `${name} but ${missing.join(' and ')}`;
  }
}

/** Whether a group is easier named with its exceptions than one by one. */
const isMostly = (members: readonly MatrixEndpoint[], lacks: number): boolean => lacks <= 2 && lacks * 3 <= members.length;
