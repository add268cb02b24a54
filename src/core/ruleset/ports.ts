import type { PortMatch } from '../api/types.ts';
import type { Interval } from '../net/interval.ts';
import { everyPort } from '../net/port-set.ts';
import type { Protocol } from '../net/protocol.ts';
import type { PodClass } from '../policy/model.ts';

/** Something that holds for a range of destination ports. */
export interface PortPart {
  readonly protocol: Protocol;
  readonly ports: Interval<number>;
}

/** A range of destination ports for which one value holds. */
export interface PortEntry<V> {
  readonly ports: Interval<number>;
  readonly value: V;
}

/**
 * The disjoint port ranges of a protocol, each with the value of the parts that hold there: a sweep over where parts begin and end.
 * Neighbours whose values have equal keys are one. `combine` is given parts in the order of the list.
 */
export function portEntries<P extends PortPart, V>(
  parts: readonly P[],
  protocol: Protocol,
  combine: (active: readonly P[]) => { readonly key: string; readonly value: V },
): PortEntry<V>[] {
  const entries: { ports: [number, number]; value: V; key: string }[] = [];
  for (const { ports, active } of cut(parts.filter((part) => part.protocol === protocol))) {
    const { key, value } = combine(active);
    const before = entries.at(-1);
    if (before !== undefined && before.key === key && before.ports[1] + 1 === ports[0]) before.ports[1] = ports[1];
    else entries.push({ ports: [...ports], value, key });
  }
  return entries.map(({ ports, value }) => ({ ports, value }));
}

/** The ranges in which always the same parts hold, where any do. */
function* cut<P extends PortPart>(parts: readonly P[]): Generator<{ ports: Interval<number>; active: P[] }> {
  const begins = new Map<number, number[]>();
  const ends = new Map<number, number[]>();
  for (const [place, { ports }] of parts.entries()) {
    append(begins, ports[0], place);
    append(ends, ports[1] + 1, place);
  }
  const cuts = [...new Set([...begins.keys(), ...ends.keys()])].sort((a, b) => a - b);
  const active = new Set<number>();
  for (const [index, first] of cuts.entries()) {
    for (const place of ends.get(first) ?? []) active.delete(place);
    for (const place of begins.get(first) ?? []) active.add(place);
    if (active.size === 0) continue;
    const inOrder = [...active].sort((a, b) => a - b).map((place) => parts[place]!);
    yield { ports: [first, cuts[index + 1]! - 1], active: inOrder };
  }
}

/** The port numbers of an item without a name. */
export const rangeOf = (port: Exclude<PortMatch, { kind: 'named' }>): Interval<number> =>
  port.kind === 'every' ? everyPort : [port.first, port.last];

/** The numbers that the pods of a class declare under a name and protocol. */
export function portsNamed({ ports }: PodClass, { name, protocol }: { readonly name: string; readonly protocol: Protocol }): number[] {
  return ports.filter((declared) => declared.name === name && declared.protocol === protocol).map(({ port }) => port);
}

/** Adds a value to the list of a key. */
export function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
