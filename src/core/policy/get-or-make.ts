/** What a table must be able to do. */
interface Table<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
}

/** The value of the key, made when it is first asked for. */
export function getOrMake<K, V>(table: Table<K, V>, key: K, make: (key: K) => V): V {
  const known = table.get(key);
  if (known !== undefined) return known;
  const made = make(key);
  table.set(key, made);
  return made;
}
