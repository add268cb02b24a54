import { type Family, families } from '../net/ip.ts';
import type { MatrixEntry } from './endpoints.ts';

// Policy has no say about connections of which it knows neither end: between nodes, pods in their networks and addresses outside. A matrix
// leaves these out; of two clusters one may know an end that the other does not, as when a pod moves to the network of its node.

/** The endpoints that have addresses of a family in both clusters of which policy knows others in the one than in the other, in no order. */
export function turnedBetween(before: Iterable<MatrixEntry>, after: ReadonlyMap<string, MatrixEntry>): Set<string> {
  const turned = new Set<string>();
  for (const was of before) {
    const is = after.get(was.id);
    if (is !== undefined && families.some((family) => isTurned(knownOf(was, family), knownOf(is, family)))) turned.add(was.id);
  }
  return turned;
}

const isTurned = (was: string, is: string): boolean => was !== none && is !== none && was !== is;

const none = 'none';

/** Whether policy knows the addresses of a family that an endpoint has: all, no one, or those of which pods. */
function knownOf({ uses, located }: MatrixEntry, family: Family): string {
  const ofFamily = uses.filter((use) => use.family === family);
  if (ofFamily.length === 0) return none;
  const areKnown = new Set(ofFamily.map(({ unit }) => unit.profile !== undefined));
  if (areKnown.size === 1) return areKnown.has(true) ? 'all' : 'no one';
  const isKnown = ({ ends }: MatrixEntry['located'][number]): boolean =>
    ends.some(({ party: { owner, ip } }) => owner.kind === 'Pod' && ip.family === family);
  return located
    .flatMap((pod) => (isKnown(pod) ? [pod.id] : []))
    .sort()
    .join();
}
