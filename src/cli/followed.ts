import type { Connectivity } from '#core/connectivity/connectivity.ts';
import type { Progress } from '#core/connectivity/difference.ts';

/** The same, telling of every endpoint that is begun with as a source how many came before it, while connections are worked out. */
export function followed(connectivity: Connectivity, onSource: Progress): Connectivity {
  const { endpoints, connections, reach } = connectivity;
  const places = new Map(endpoints.map(({ id }, place) => [id, place]));
  function* follow<T extends { readonly from: string }>(items: Iterable<T>): Generator<T> {
    let source: string | undefined;
    for (const item of items) {
      if (item.from !== source) onSource(places.get(item.from)!, places.size);
      source = item.from;
      yield item;
    }
  }
  return {
    ...connectivity,
    connections: { [Symbol.iterator]: () => follow(connections) },
    reach: { [Symbol.iterator]: () => follow(reach) },
  };
}
