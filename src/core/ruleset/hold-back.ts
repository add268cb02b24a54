import { type AddressSet, equalAddresses, formatRange, hasAddress, noAddresses } from '../net/address-set.ts';
import { families, type Ip, parseIp } from '../net/ip.ts';
import { addressType, frame, goto, rule } from './frame.ts';
import type { Objects } from './objects.ts';
import { familyOf } from './peer-sets.ts';
import type { Chain, Key, Rule, RulesetObject } from './types.ts';

/** What exists from the beginning for holding back: the sets of known addresses, and chains that hold back nothing yet. */
export function holdObjects(): RulesetObject[] {
  return [
    ...families.map(
      (family): RulesetObject => ({
        kind: 'set',
        name: frame.live(family),
        types: [addressType(family)],
        interval: false,
        leaves: 'first',
        elements: new Set(),
        comment: 'addresses of live pods',
      }),
    ),
    { kind: 'counter', name: frame.heldBack, comment: 'to or from a pod address that is not known yet' },
    ...holdChains({ 4: undefined, 6: undefined }),
  ];
}

/** The names of the sets that hold the node's pod range; undefined for a family without one. */
type RangeSets = Readonly<Record<4 | 6, string | undefined>>;

function holdChains(ranges: RangeSets): Chain[] {
  const rules = (ends: readonly ('source' | 'destination' | 'packet-source' | 'packet-destination')[]): Rule[] =>
    families.flatMap((family) => {
      const range = ranges[family];
      return range === undefined ? [] : ends.map((end) => holdRule(`${end}${family}`, range, frame.live(family)));
    });
  return [
    { kind: 'chain', name: frame.hold, comment: 'a new pod waits until it is known', rules: rules(['source', 'destination']) },
    {
      kind: 'chain',
      name: frame.holdStray,
      comment: 'the same, of packets without a connection',
      rules: rules(['packet-source', 'packet-destination']),
    },
  ];
}

const holdRule = (key: Key, range: string, known: string): Rule =>
  rule(goto(frame.deny), { match: 'in', key, set: range }, { match: 'not-in', key, set: known }, { do: 'count', counter: frame.heldBack });

/**
 * Holds back every address of the node's pod range that no known pod has: the first packets of a new pod come before anyone could say what policy
 * makes of it. The kernel learns a pod's address together with its gates. See docs/decisions/0007-new-pods.md.
 */
export class HoldBack {
  readonly #objects: Objects;
  #ranges: AddressSet = noAddresses;
  #sets: RangeSets = { 4: undefined, 6: undefined };

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  /** Says which addresses are held back unless they are known. Returns whether they were others. */
  setRanges(ranges: AddressSet): boolean {
    if (equalAddresses(ranges, this.#ranges)) return false;
    const before = this.#sets;
    this.#ranges = ranges;
    this.#sets = { 4: this.#take(4), 6: this.#take(6) };
    for (const chain of holdChains(this.#sets)) this.#objects.change(chain);
    for (const name of Object.values(before)) if (name !== undefined) this.#objects.release(name);
    return true;
  }

  #take(family: 4 | 6): string | undefined {
    const elements = this.#ranges[family].map((range) => formatRange(family, range));
    if (elements.length === 0) return undefined;
    return this.#objects.take(`range${family}`, elements.join(','), [], (name) => ({
      kind: 'set',
      name,
      types: [addressType(family)],
      interval: true,
      elements: new Set(elements),
      comment: 'the pod range of this node',
    }));
  }

  /** Whether the address is held back unless it is known. */
  covers(address: string): boolean {
    return hasAddress(this.#ranges, parseIp(address) as Ip);
  }

  /** Takes note of whether a pod is known that has the address. Returns whether one was and is no more. */
  note(address: string, isKnown: boolean): boolean {
    return this.#objects.setElement(frame.live(familyOf(address)), address, isKnown || undefined) && !isKnown;
  }
}
