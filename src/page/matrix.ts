import type { ChoiceName } from '#core/api/choices.ts';
import type { PolicyId } from '#core/api/types.ts';
import type { TrafficAnswer } from '#core/connectivity/answers.ts';
import { trafficMeant } from '#core/connectivity/answers.ts';
import type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
import type { Traffic } from '#core/net/port-set.ts';
import type { CompactMatrix } from '#core/render/compact.ts';
import { type Group, groupsOf, isSingle, membersOf, namesOf } from '#core/render/crowd.ts';
import type { Members } from '#core/render/traffic.ts';
import type { Reason } from '#core/verdict/gate.ts';

/** What a pair may do and why. */
export interface Outcome {
  readonly traffic: TrafficAnswer;
  readonly partial?: TrafficAnswer;
  /** What every, and what some pair of members may do, as sets. */
  readonly every: Traffic;
  readonly some: Traffic;
  readonly egress: GateOutcome;
  readonly ingress: GateOutcome;
  /** What network plugins do differently, and decides. */
  readonly dependsOn?: readonly ChoiceName[];
}

/** What one gate says, and the list of the policies it says it by: a place, -1 for none, -2 for those that isolate the end. */
export interface GateOutcome {
  readonly reason: Reason;
  readonly list: number;
}

/** A group of endpoints with the places of its members. */
export interface PageGroup extends Group {
  readonly places: readonly number[];
}

/** A matrix as it is looked at: any cell at once. */
export class Matrix {
  readonly endpoints: readonly MatrixEndpoint[];
  readonly groups: readonly PageGroup[];
  /** The group of each endpoint, by place. */
  readonly groupOf: readonly PageGroup[];
  /** What each endpoint is called, with its namespace. */
  readonly names: readonly string[];
  readonly outcomes: readonly Outcome[];
  readonly #compact: CompactMatrix;
  readonly #places: ReadonlyMap<string, number>;
  readonly #rows = new Map<number, Int32Array>();

  constructor(compact: CompactMatrix) {
    this.#compact = compact;
    this.endpoints = compact.endpoints;
    this.#places = new Map(compact.endpoints.map(({ id }, place) => [id, place]));
    this.groups = groupsOf(compact.endpoints).map((group) => ({ ...group, places: group.members.map(({ id }) => this.#places.get(id)!) }));
    const groupOf: PageGroup[] = [];
    for (const group of this.groups) for (const place of group.places) groupOf[place] = group;
    this.groupOf = groupOf;
    const names = new Map(this.groups.flatMap((group) => [...namesOf(group)]));
    this.names = compact.endpoints.map(({ id }) => names.get(id)!);
    const sets = compact.traffics.map(trafficMeant);
    this.outcomes = compact.outcomes.map(([traffic, partial, egress, ingress, egressList, ingressList, choices]) => ({
      traffic: compact.traffics[traffic]!,
      ...(partial >= 0 && { partial: compact.traffics[partial]! }),
      every: sets[traffic]!,
      some: sets[partial >= 0 ? partial : traffic]!,
      egress: { reason: compact.reasons[egress]!, list: egressList },
      ingress: { reason: compact.reasons[ingress]!, list: ingressList },
      ...(choices >= 0 && { dependsOn: compact.choices[choices]! }),
    }));
  }

  /** The place of the endpoint of that id. */
  placeOf(id: string): number | undefined {
    return this.#places.get(id);
  }

  /** The place of what a person calls so: by its name or its id, or by a part of one. */
  find(text: string): number | undefined {
    const wanted = text.trim().toLowerCase();
    if (wanted === '') return undefined;
    const called = [this.names, this.endpoints.map(({ id }) => id)].map((all) => all.map((each) => each.toLowerCase()));
    const places = [...called.map((all) => all.indexOf(wanted)), ...called.map((all) => all.findIndex((each) => each.includes(wanted)))];
    return places.find((place) => place >= 0);
  }

  /** The place of the outcome between two endpoints; -1 for no pair. */
  outcomeAt(from: number, to: number): number {
    return from === to && isSingle(this.endpoints[from]!) ? -1 : this.#row(this.#compact.rowOf[from]!)[to]! - 1;
  }

  /** Of what only some may do something, where only some of a pair may. */
  membersOf(from: number, to: number): Members {
    return membersOf(this.endpoints[from]!, this.endpoints[to]!);
  }

  /** The policies of a gate of a pair. */
  policiesOf({ list }: GateOutcome, end: number, direction: 'egress' | 'ingress'): readonly PolicyId[] {
    const { isolatedBy, lists, policies } = this.#compact;
    const place = list === -2 ? isolatedBy[end]![direction === 'egress' ? 0 : 1] : list;
    return lists[place]?.map((policy) => policies[policy]!) ?? [];
  }

  /** A row, spread out when it is first looked at. */
  #row(number: number): Int32Array {
    let row = this.#rows.get(number);
    if (row === undefined) {
      row = new Int32Array(this.endpoints.length);
      const runs = this.#compact.rows[number]!;
      for (let run = 0, start = 0; run < runs.length; run += 2) {
        const end = start + runs[run + 1]!;
        row.fill(runs[run]!, start, end);
        start = end;
      }
      this.#rows.set(number, row);
    }
    return row;
  }
}
