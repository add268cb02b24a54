import type { MatrixEntry } from './endpoints.ts';

// Policy has no say about connections of which it knows neither end: between nodes, pods in their networks and addresses outside. A matrix
// leaves these out; of two clusters one may know an end that the other does not, as when a pod moves to the network of its node.

/** The endpoints of both clusters of which policy knows other addresses in the one than in the other, in no order. */
export function turnedBetween(before: Iterable<MatrixEntry>, after: ReadonlyMap<string, MatrixEntry>): Set<string> {
  const turned = new Set<string>();
  for (const entry of before) {
    const later = after.get(entry.id);
    if (later !== undefined && later !== entry && knownOf(entry) !== knownOf(later)) turned.add(entry.id);
  }
  return turned;
}

/** Of which families policy knows addresses of the endpoint, and of which it does not; where it knows some of a family, those of which pods. */
function knownOf({ uses, located }: MatrixEntry): string {
  const [known, others] = [true, false].map(
    (isKnown) => new Set(uses.flatMap(({ family, unit }) => ((unit.profile !== undefined) === isKnown ? [family] : []))),
  ) as [Set<number>, Set<number>];
  const families = `${[...known].sort()} ${[...others].sort()}`;
  if (![...known].some((family) => others.has(family))) return families;
  const pods = located.flatMap(({ id, ends }) =>
    ends.flatMap(({ party: { owner, ip } }) => (owner.kind === 'Pod' ? [`${id} ${ip.family}`] : [])),
  );
  return `${families} ${pods.sort()}`;
}
