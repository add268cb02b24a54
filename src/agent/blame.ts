/**
 * The policies that make a script fail, found by halving: `isGood` says whether the kernel would take the rules of a group. When a group fails only as a
 * whole, all of it is at fault.
 */
export async function findUnprogrammable(
  policies: readonly string[],
  isGood: (policies: readonly string[]) => Promise<boolean>,
): Promise<readonly string[]> {
  if (policies.length === 0 || (await isGood(policies))) return [];
  if (policies.length === 1) return policies;
  const middle = policies.length >> 1;
  const left = await findUnprogrammable(policies.slice(0, middle), isGood);
  const right = await findUnprogrammable(policies.slice(middle), isGood);
  return left.length + right.length > 0 ? [...left, ...right] : policies;
}
