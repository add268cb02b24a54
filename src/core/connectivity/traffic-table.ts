import { allTraffic, formatPorts, intersectTraffic, noTraffic, subtractTraffic, type Traffic, uniteTraffic } from '../net/port-set.ts';
import { protocols } from '../net/protocol.ts';

/** The number of a traffic in a table; equal traffics have equal numbers. */
export type TrafficId = number;

export const nothing: TrafficId = 0;
export const everything: TrafficId = 1;

/** More traffics than any cluster has; two numbers and an operation make one key. */
const capacity = 2 ** 24;

/** Every traffic that is met, kept once, with an algebra on numbers that computes each result once. */
export class TrafficTable {
  readonly #traffics: Traffic[] = [];
  readonly #ids = new Map<string, TrafficId>();
  readonly #unions = new Map<number, TrafficId>();
  readonly #intersections = new Map<number, TrafficId>();
  readonly #differences = new Map<number, TrafficId>();

  constructor() {
    this.idOf(noTraffic);
    this.idOf(allTraffic);
  }

  idOf(traffic: Traffic): TrafficId {
    const key = protocols.map((protocol) => formatPorts(traffic[protocol]).join()).join(' ');
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#traffics.push(traffic) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }

  trafficOf(id: TrafficId): Traffic {
    return this.#traffics[id]!;
  }

  unite(a: TrafficId, b: TrafficId): TrafficId {
    if (a === b || b === nothing || a === everything) return a;
    if (a === nothing || b === everything) return b;
    return this.#remember(this.#unions, Math.min(a, b), Math.max(a, b), uniteTraffic);
  }

  intersect(a: TrafficId, b: TrafficId): TrafficId {
    if (a === b || b === everything || a === nothing) return a;
    if (a === everything || b === nothing) return b;
    return this.#remember(this.#intersections, Math.min(a, b), Math.max(a, b), intersectTraffic);
  }

  subtract(a: TrafficId, b: TrafficId): TrafficId {
    if (b === nothing) return a;
    if (a === b || a === nothing || b === everything) return nothing;
    return this.#remember(this.#differences, a, b, subtractTraffic);
  }

  #remember(results: Map<number, TrafficId>, a: TrafficId, b: TrafficId, combine: (a: Traffic, b: Traffic) => Traffic): TrafficId {
    const key = a * capacity + b;
    let result = results.get(key);
    if (result === undefined) {
      result = this.idOf(combine(this.trafficOf(a), this.trafficOf(b)));
      results.set(key, result);
    }
    return result;
  }
}
