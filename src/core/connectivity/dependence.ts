import { type ChoiceName, type Choices, choices as settings } from '../api/choices.ts';
import { type ProfileName, profilesWith } from '../api/profiles.ts';
import type { Direction } from '../api/types.ts';
import { podsOf } from '../cluster/cluster.ts';
import { anyPod, potentialId, potentialPeers } from '../cluster/potential-pods.ts';
import { type AddressSet, intersectAddresses, isEmptyAddresses } from '../net/address-set.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import { internetSpace } from '../verdict/address-space.ts';
import type { Analysis } from '../verdict/analysis.ts';
import { compiledChoices } from '../verdict/certainty.ts';
import { podId } from '../verdict/endpoint.ts';
import { rangesAddresses } from '../verdict/endpoint-name.ts';
import type { ConnectionAnswer } from './answers.ts';
import type { Connectivity, MatrixOptions, ReachAnswer } from './connectivity.ts';
import { ConnectivityIndex } from './connectivity-index.ts';
import type { MatrixEndpoint, MatrixEntry } from './endpoints.ts';
import type { Exposed } from './exposure.ts';
import { type Change, visitChanges } from './outcome-changes.ts';
import { visitOwnNodeChanges } from './own-node.ts';
import { comparedChoices, type Sensitive, SensitiveClasses } from './sensitive-classes.ts';
import { TrafficTable } from './traffic-table.ts';

/** A choice that network plugins make differently, and how much of a matrix depends on it. */
export interface Dependence {
  readonly choice: ChoiceName;
  /** The value that the matrix was made with, and the profiles that are known to have it. */
  readonly value: string;
  readonly profiles: readonly ProfileName[];
  /** How many pairs of endpoints would be answered otherwise with another value; absent where finding out would cost more than the matrix. */
  readonly pairs?: number;
  readonly others: readonly OtherValue[];
}

/** What another value of a choice makes of a matrix: pairs that may do something then only, now only, or something else. */
export interface OtherValue {
  readonly value: string;
  readonly profiles: readonly ProfileName[];
  readonly opened?: number;
  readonly closed?: number;
  readonly changed?: number;
}

/** What of a matrix depends on the network plugin. */
export interface Dependences {
  /** The choices on which some of it depends, in their order. */
  readonly choices: readonly Dependence[];
  /** The choices that decide about a pair, by the ids of its ends. */
  readonly of: (from: string, to: string) => readonly ChoiceName[] | undefined;
  /** The pairs of endpoints about which some decide. */
  readonly pairs: readonly DependentPair[];
}

/** A pair of endpoints, by their ids, and the choices that decide about it. Equal lists are one object. */
export interface DependentPair {
  readonly from: string;
  readonly to: string;
  readonly dependsOn: readonly ChoiceName[];
}

/** The matrix that is asked about. */
export interface DependenceQuestion extends Pick<MatrixOptions, 'isShown' | 'traffic' | 'exposure' | 'index'> {
  /** The endpoints of the whole matrix. */
  readonly endpoints: readonly MatrixEndpoint[];
  /** Which pairs count; all when undefined. */
  readonly isWanted?: (from: MatrixEndpoint, to: MatrixEndpoint) => boolean;
}

/** More pairs than are compared for one choice: some seconds. */
const mostPairs = 2 ** 22;

/** Puts every choice that could matter to the matrix, and that the profile does not settle, to the test. */
export function dependencesOf(analysis: Analysis, question: DependenceQuestion): Dependences {
  return new Test(analysis, question).run();
}

/** Changes of pairs of the matrix, by their numbers. */
type Changes = Map<number, Change>;

class Test {
  readonly #analysis: Analysis;
  readonly #question: DependenceQuestion;
  readonly #places: Places;
  readonly #sensitive: SensitiveClasses;
  /** Lists of choices that decide, each one object. */
  readonly #lists = new Map<string, readonly ChoiceName[]>();
  readonly #deciding = new Map<number, readonly ChoiceName[]>();
  readonly #traffics: TrafficTable;
  #index: ConnectivityIndex | undefined;

  constructor(analysis: Analysis, question: DependenceQuestion) {
    this.#analysis = question.exposure ? analysis.withPotential(potentialPeers([analysis.cluster])) : analysis;
    this.#index = question.exposure ? undefined : question.index;
    this.#traffics = this.#index?.gates.traffics ?? new TrafficTable();
    this.#question = question;
    this.#places = new Places(question.endpoints);
    this.#sensitive = new SensitiveClasses(this.#analysis.cluster, this.#analysis.model, () => this.#baseIndex().blocksOfPods());
  }

  run(): Dependences {
    const { settled } = this.#analysis;
    const dependences = [
      ...comparedChoices.flatMap((choice) => (settled.has(choice) ? [] : this.#compare(choice))),
      ...(settled.has('own-node-egress') ? [] : this.#ownNode()),
    ];
    const order = Object.keys(settings);
    const choices = dependences.sort((a, b) => order.indexOf(a.choice) - order.indexOf(b.choice));
    const { endpoints } = this.#question;
    const size = endpoints.length;
    return {
      choices,
      of: (from, to) => this.#deciding.get(this.#places.named(from)! * size + this.#places.named(to)!),
      pairs: Array.from(this.#deciding, ([pair, dependsOn]) => ({
        from: endpoints[Math.floor(pair / size)]!.id,
        to: endpoints[pair % size]!.id,
        dependsOn,
      })),
    };
  }

  #compare(choice: (typeof comparedChoices)[number]): Dependence[] {
    const others = settings[choice].filter((value) => value !== this.#analysis.model.choices[choice]);
    const sensitive = this.#sensitive.of(choice, () => this.#analysis.under(this.#with(choice, others[0]!)));
    if (sensitive.classes.size === 0) return [];
    const touched = this.#fewer(sensitive);
    if (this.#endpointsOf(touched.classes) * this.#question.endpoints.length > mostPairs) return [this.#dependence(choice, undefined)];
    const found = new Map(others.map((value) => [value as string, this.#changes(choice, value, touched)]));
    return [...found.values()].some((changes) => changes.size > 0) ? [this.#dependence(choice, found)] : [];
  }

  #with(choice: ChoiceName, value: string): Choices {
    return { ...this.#analysis.model.choices, [choice]: value };
  }

  /** Every pair that counts has an end which is shown, so it is enough to look at the pods of those, where they are fewer. */
  #fewer(sensitive: Sensitive): Sensitive {
    const { endpoints, isShown } = this.#question;
    if (isShown === undefined) return sensitive;
    const shown = endpoints.filter(isShown);
    if (shown.some(({ kind }) => kind === 'External' || kind === 'Node')) return sensitive;
    const ids = new Set(shown.flatMap(({ id, members = [id] }) => members));
    const { cluster, model } = this.#analysis;
    const keys = new Set([...podsOf(cluster)].filter((pod) => ids.has(podId(pod))).flatMap((pod) => model.classOf(pod)?.key ?? []));
    return keys.size > 0 && keys.size < sensitive.classes.size ? { classes: keys } : sensitive;
  }

  /** How many endpoints have pods of the classes. */
  #endpointsOf(classes: ReadonlySet<string>): number {
    const pods = [...classes].flatMap((key) => [...(this.#analysis.model.classes.get(key)?.members.values() ?? [])]);
    return new Set(pods.map((pod) => this.#places.ofPod(podId(pod)))).size;
  }

  #changes(choice: ChoiceName, value: string, touched: Sensitive): Changes {
    const choices = this.#with(choice, value);
    const before = this.#baseIndex();
    const after = compiledChoices.includes(choice)
      ? ConnectivityIndex.of(
          { cluster: this.#analysis.cluster, model: this.#analysis.under(choices) },
          { traffics: this.#traffics, cuts: [] },
        )
      : before.under(choices);
    const changes: Changes = new Map();
    const limits = { touched, traffic: this.#question.traffic, isKnowledgeOther: choice === 'hostnetwork' };
    visitChanges([before, after], limits, (from, to, change) => this.#note(changes, from, to, change));
    return changes;
  }

  #baseIndex(): ConnectivityIndex {
    this.#index ??= ConnectivityIndex.of(this.#analysis, { traffics: this.#traffics, cuts: [] });
    return this.#index;
  }

  #note(changes: Changes, from: MatrixEntry, to: MatrixEntry, change: Change): void {
    const { endpoints, isShown = () => true, isWanted = () => true } = this.#question;
    for (const a of this.#places.of(from))
      for (const b of this.#places.of(to)) {
        const [source, destination] = [endpoints[a]!, endpoints[b]!];
        if ((isShown(source) || isShown(destination)) && isWanted(source, destination)) changes.set(a * endpoints.length + b, change);
      }
  }

  #ownNode(): Dependence[] {
    const choice = 'own-node-egress';
    const [other] = settings[choice].filter((value) => value !== this.#analysis.model.choices[choice]);
    const changes: Changes = new Map();
    visitOwnNodeChanges(this.#baseIndex(), this.#question.traffic, (from, to, change) => this.#note(changes, from, to, change));
    return changes.size > 0 ? [this.#dependence(choice, new Map([[other!, changes]]))] : [];
  }

  /** Notes the pairs that depend on the choice, and how many there are, if that is known. */
  #dependence(choice: ChoiceName, changes: ReadonlyMap<string, Changes> | undefined): Dependence {
    const pairs = new Set(changes === undefined ? [] : [...changes.values()].flatMap((each) => [...each.keys()]));
    for (const pair of pairs) this.#deciding.set(pair, this.#listOf([...(this.#deciding.get(pair) ?? []), choice]));
    const value = this.#analysis.model.choices[choice];
    const others = settings[choice].filter((each) => each !== value);
    return {
      choice,
      value,
      profiles: profilesWith(choice, value),
      ...(changes && { pairs: pairs.size }),
      others: others.map((each) => ({ value: each, profiles: profilesWith(choice, each), ...countsOf(changes?.get(each)) })),
    };
  }

  #listOf(choices: readonly ChoiceName[]): readonly ChoiceName[] {
    const list = this.#lists.get(choices.join()) ?? choices;
    this.#lists.set(choices.join(), list);
    return list;
  }
}

function countsOf(changes: Changes | undefined): Pick<OtherValue, Change> {
  if (changes === undefined) return {};
  const counts = { opened: 0, closed: 0, changed: 0 };
  for (const change of changes.values()) counts[change]++;
  return counts;
}

/** The answer with the choices on which its parts depend. */
export function withDependences<T extends Pick<Connectivity, 'endpoints' | 'connections' | 'reach' | 'exposure'>>(
  answer: T,
  { choices, of, pairs }: Dependences,
) {
  const withChoices = <C extends object>(from: string, to: string, connection: C): C => {
    const dependsOn = of(from, to);
    return dependsOn === undefined ? connection : { ...connection, dependsOn };
  };
  const internets = answer.endpoints.flatMap(({ id, ranges = [] }) =>
    isEmptyAddresses(intersectAddresses(rangesAddresses(ranges), internetSpace)) ? [] : [id],
  );
  const exposed = (endpoint: string, direction: Direction, { internet, anyPod: any, addresses, pods, ...rest }: Exposed): Exposed => {
    const deciding = new Set(internets.flatMap((id) => (direction === 'egress' ? of(endpoint, id) : of(id, endpoint)) ?? []));
    const mark = <E extends object>(id: string, each: E): E =>
      direction === 'egress' ? withChoices(endpoint, id, each) : withChoices(id, endpoint, each);
    return {
      ...rest,
      internet: deciding.size === 0 ? internet : { ...internet, dependsOn: [...deciding] },
      addresses: addresses.map((each) => mark(each.id, each)),
      anyPod: mark(potentialId(anyPod), any),
      pods: pods.map((each) => mark(each.id, each)),
    };
  };
  const connections: Iterable<ConnectionAnswer> = {
    *[Symbol.iterator]() {
      for (const connection of answer.connections) yield withChoices(connection.from, connection.to, connection);
    },
  };
  const dependent = new Map<string, Map<string, readonly ChoiceName[]>>();
  for (const { from, to, dependsOn } of pairs) getOrMake(dependent, from, () => new Map()).set(to, dependsOn);
  const reach: Iterable<ReachAnswer> = {
    *[Symbol.iterator]() {
      for (const each of answer.reach) {
        const deciding = dependent.get(each.from);
        if (deciding !== undefined && each.to.some((id) => deciding.has(id))) yield* withChoicesApart(each, deciding);
        else yield each;
      }
    },
  };
  return {
    ...answer,
    connections,
    reach,
    choices,
    dependents: pairs,
    ...(answer.exposure && {
      exposure: answer.exposure.map(({ endpoint, egress, ingress }) => ({
        endpoint,
        egress: exposed(endpoint, 'egress', egress),
        ingress: exposed(endpoint, 'ingress', ingress),
      })),
    }),
  };
}

/** The destinations about which the same choices decide, together. */
const withChoicesApart = ({ from, to, said }: ReachAnswer, deciding: ReadonlyMap<string, readonly ChoiceName[]>): ReachAnswer[] =>
  Array.from(
    Map.groupBy(to, (each) => deciding.get(each)),
    ([dependsOn, some]) => ({ from, to: some, said: dependsOn === undefined ? said : { ...said, dependsOn } }),
  );

/** Finds the endpoints of a matrix that have something in common with those of an index, which can group bare pods and addresses otherwise. */
class Places {
  readonly #byId: ReadonlyMap<string, number>;
  readonly #byPod: ReadonlyMap<string, number>;
  readonly #externals: readonly { readonly place: number; readonly addresses: AddressSet }[];
  readonly #known = new Map<MatrixEntry, readonly number[]>();

  constructor(endpoints: readonly MatrixEndpoint[]) {
    this.#byId = new Map(endpoints.map(({ id }, place) => [id, place]));
    this.#byPod = new Map(endpoints.flatMap(({ id, members = [id] }, place) => members.map((member) => [member, place] as const)));
    this.#externals = endpoints.flatMap(({ ranges }, place) =>
      ranges === undefined ? [] : [{ place, addresses: rangesAddresses(ranges) }],
    );
  }

  /** By its id. */
  named(id: string): number | undefined {
    return this.#byId.get(id);
  }

  /** By the id of one of its pods. */
  ofPod(id: string): number | undefined {
    return this.#byPod.get(id);
  }

  of(entry: MatrixEntry): readonly number[] {
    let places = this.#known.get(entry);
    if (places === undefined) {
      places = this.#find(entry);
      this.#known.set(entry, places);
    }
    return places;
  }

  #find({ id, addresses, located }: MatrixEntry): readonly number[] {
    const same = this.named(id);
    // Addresses go by their ranges, and endpoints have none in common.
    if (addresses !== undefined && same !== undefined) return [same];
    if (addresses !== undefined)
      return this.#externals.filter((each) => !isEmptyAddresses(intersectAddresses(each.addresses, addresses))).map(({ place }) => place);
    const places = located.length === 0 ? [same] : located.map(({ pod }) => this.ofPod(podId(pod)));
    return [...new Set(places)].filter((place) => place !== undefined);
  }
}
