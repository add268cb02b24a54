import type { PolicyModel } from '#core/policy/policy-model.ts';

type Nodes = Pick<PolicyModel, 'nodeNames'>;

/** So many nodes speak of what is the same on all of them. */
const speakers = 2;
/** In how many milliseconds they speak, at most, and how many more for each node where each speaks for itself. */
const shortestSpread = 2000;
const spreadOfEach = 100;

/**
 * Whether this node is to speak of an object that no agent can read, which all of them know: two are elected by the object's name, so that others are for
 * other objects, and one may be without an agent.
 */
export function speaksForAll({ nodeNames }: Nodes, node: string, object: string): boolean {
  const ranked = Array.from(nodeNames, (name) => [weightOf(`${object} ${name}`), name] as const).sort(([a], [b]) => a - b);
  return ranked.slice(0, speakers).some(([, name]) => name === node);
}

/** Milliseconds before a node speaks of what is its own: all together speak ten times a second. */
export const delayOf = ({ nodeNames }: Nodes, random = Math.random()): number =>
  Math.round(random * Math.max(shortestSpread, spreadOfEach * [...nodeNames].length));

/** A number that is another for other texts. Source: FNV-1a. */
function weightOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  // The last characters of similar names differ, and must be heard in all bits.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
