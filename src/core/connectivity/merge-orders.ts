/** Both lists as one in which each keeps its order; what only the second has stands behind what it stands behind there. */
export function mergeOrders(first: readonly string[], second: readonly string[]): readonly string[] {
  if (first.length === second.length && first.every((id, place) => id === second[place])) return first;
  const known = new Set(first);
  const following = new Map<string | undefined, string[]>();
  let previous: string | undefined;
  for (const id of second) {
    if (known.has(id)) {
      previous = id;
      continue;
    }
    const list = following.get(previous);
    if (list === undefined) following.set(previous, [id]);
    else list.push(id);
  }
  return [...(following.get(undefined) ?? []), ...first.flatMap((id) => [id, ...(following.get(id) ?? [])])];
}
