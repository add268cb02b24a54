import type { ChoiceName } from '../api/choices.ts';
import type { PolicyId } from '../api/types.ts';
import type { Interval } from '../net/interval.ts';
import { allTraffic, formatPorts, isAllTraffic, noTraffic, type Traffic, trafficOf, uniteTraffic } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import { getOrMake } from '../policy/get-or-make.ts';
import type { CompiledPolicy } from '../policy/model.ts';
import type { Reason } from '../verdict/gate.ts';
import type { ConnectivityIndex } from './connectivity-index.ts';
import type { MatrixEntry } from './endpoints.ts';
import type { OutcomeId, Outlooks, PairOutcome } from './pair-table.ts';
import { everything, type TrafficId } from './traffic-table.ts';

/** Traffic in answers: `all`, or the protocols that are let through with their ports, `80` or `8000-8999`. */
export type TrafficAnswer = 'all' | readonly { readonly protocol: Protocol; readonly ports: readonly string[] }[];

/** Two endpoints in answers. Equal `traffic`, `partial`, `reason` and lists of `by` are one object, so that a writer can keep their text. */
export interface ConnectionAnswer {
  /** Ids of endpoints. */
  readonly from: string;
  readonly to: string;
  /** What every pair of members may do; empty where that is nothing. */
  readonly traffic: TrafficAnswer;
  /** Where members, or their two address families, differ: what at least one pair of addresses may do. */
  readonly partial?: TrafficAnswer;
  /** Where members differ: of the pair that is let through least. */
  readonly reason: { readonly egress: Reason; readonly ingress: Reason };
  /** The choices of network plugins on which the traffic depends, where that is asked for. */
  readonly dependsOn?: readonly ChoiceName[];
  /** For each gate with the reason `rule` or `tier` the policies whose rules match; with `no-rule-matched` those that isolate it. */
  readonly by: { readonly egress: readonly PolicyId[]; readonly ingress: readonly PolicyId[] };
}

/** What an answer says of its pair. */
export type Said = Omit<ConnectionAnswer, 'from' | 'to'>;

/** Writes outcomes as answers; what many pairs share is made once. */
export class Answers {
  readonly #index: ConnectivityIndex;
  readonly #wanted: TrafficId;
  readonly #outcomes = new Map<OutcomeId, Pick<ConnectionAnswer, 'traffic' | 'partial' | 'reason'>>();
  readonly #traffics = new Map<TrafficId, TrafficAnswer>();
  /** By the outcome and the policies at both gates. */
  readonly #said = new Map<OutcomeId, Map<readonly PolicyId[], Map<readonly PolicyId[], Said>>>();
  readonly #saidAlone = new Map<OutcomeId, Said>();
  readonly #policies = new Map<string, readonly PolicyId[]>();
  readonly #lists = new WeakMap<readonly CompiledPolicy[], readonly PolicyId[]>();

  /** Of all traffic only what is `wanted` is spoken of. */
  constructor(index: ConnectivityIndex, wanted: TrafficId = everything) {
    this.#index = index;
    this.#wanted = wanted;
  }

  /** The answer for a pair with its outcome; the outlooks are those of the source. */
  connection(outlooks: Outlooks, from: MatrixEntry, to: MatrixEntry, outcome: OutcomeId): ConnectionAnswer {
    return { from: from.id, to: to.id, ...this.said(outlooks, from, to, outcome) };
  }

  /** The same without the names of the pair. */
  said(outlooks: Outlooks, from: MatrixEntry, to: MatrixEntry, outcome: OutcomeId): Said {
    const { pairs } = this.#index;
    const deciders = pairs.decidersOf(outlooks, from, to, pairs.outcomes[outcome]!);
    const [egress, ingress] = [this.#policyIds(deciders.egress), this.#policyIds(deciders.ingress)];
    const byEgress = getOrMake(this.#said, outcome, () => new Map<readonly PolicyId[], Map<readonly PolicyId[], Said>>());
    const byIngress = getOrMake(byEgress, egress, () => new Map<readonly PolicyId[], Said>());
    return getOrMake(byIngress, ingress, () => ({ ...this.#outcome(outcome), by: { egress, ingress } }));
  }

  /** What is said of an outcome, whoever decides it. */
  saidAlone(outcome: OutcomeId): Said {
    return getOrMake(this.#saidAlone, outcome, () => ({ ...this.#outcome(outcome), by: { egress: [], ingress: [] } }));
  }

  #outcome(id: OutcomeId): Pick<ConnectionAnswer, 'traffic' | 'partial' | 'reason'> {
    let answer = this.#outcomes.get(id);
    if (answer === undefined) {
      const { every, some, egress, ingress }: PairOutcome = this.#index.pairs.outcomes[id]!;
      const [traffic, partial] = [this.traffic(every), this.traffic(some)];
      answer = { traffic, ...(partial !== traffic && { partial }), reason: { egress, ingress } };
      this.#outcomes.set(id, answer);
    }
    return answer;
  }

  /** What is wanted of some traffic. */
  traffic(whole: TrafficId): TrafficAnswer {
    const { traffics } = this.#index.gates;
    const id = traffics.intersect(whole, this.#wanted);
    let answer = this.#traffics.get(id);
    if (answer === undefined) {
      answer = trafficAnswer(traffics.trafficOf(id));
      this.#traffics.set(id, answer);
    }
    return answer;
  }

  #policyIds(policies: readonly CompiledPolicy[]): readonly PolicyId[] {
    let ids = this.#lists.get(policies);
    if (ids === undefined) {
      const key = policies.map(({ name }) => name).join();
      ids = this.#policies.get(key) ?? policies.map(({ id }) => id);
      this.#policies.set(key, ids);
      this.#lists.set(policies, ids);
    }
    return ids;
  }
}

/** Traffic as the contract has it. */
export function trafficAnswer(traffic: Traffic): TrafficAnswer {
  if (isAllTraffic(traffic)) return 'all';
  return protocols.flatMap((protocol) => (traffic[protocol].length === 0 ? [] : [{ protocol, ports: formatPorts(traffic[protocol]) }]));
}

/** The set that an answer writes. */
export function trafficMeant(answer: TrafficAnswer): Traffic {
  if (answer === 'all') return allTraffic;
  return answer.map(({ protocol, ports }) => trafficOf(protocol, ports.map(portsMeant))).reduce(uniteTraffic, noTraffic);
}

function portsMeant(text: string): Interval<number> {
  const [first, last = first] = text.split('-').map(Number) as [number, number?];
  return [first, last];
}
