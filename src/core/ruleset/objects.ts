import { Names } from './hash.ts';
import { type Drift, isMutable } from './listing.ts';
import type { RulesetObject, Verdict } from './types.ts';

interface Entry {
  readonly object: RulesetObject;
  readonly dependencies: readonly string[];
  references: number;
}

/** What an element of a mutable set or map was when the kernel last heard of it: a verdict, `true` for a set's element, or nothing. */
type Before = Verdict | true | undefined;

/** What has to happen for the kernel to hold what this holds. */
export interface Pending {
  /** Objects that the kernel lacks, each after those it needs. */
  readonly created: readonly RulesetObject[];
  /** Elements of objects that the kernel has, by object name. */
  readonly touched: ReadonlyMap<string, ReadonlyMap<string, Before>>;
  /** Objects that nothing refers to any more, each before those it needed. */
  readonly idle: readonly RulesetObject[];
  /** Objects that the kernel has with another content, and which are to have this one. */
  readonly damaged: readonly RulesetObject[];
  /** Objects that the kernel has and that are none of these. */
  readonly strangers: readonly { readonly kind: RulesetObject['kind']; readonly name: string }[];
}

/**
 * The objects of one node's table with who refers to whom, and the difference to what the kernel was told.
 * An object that loses its last reference stays, idle, until `cleaned`: when it is wanted again before that, it is still there.
 */
export class Objects {
  readonly #names = new Names();
  readonly #entries = new Map<string, Entry>();
  #created = new Set<string>();
  readonly #idle = new Set<string>();
  #touched = new Map<string, Map<string, Before>>();
  #damaged = new Set<string>();
  #strangers: Pending['strangers'] = [];
  readonly #onDrop: (name: string) => void;

  /** `onDrop` is told of every object that is gone for good. */
  constructor(onDrop: (name: string) => void) {
    this.#onDrop = onDrop;
  }

  get(name: string): RulesetObject | undefined {
    return this.#entries.get(name)?.object;
  }

  /** All objects, each after those it needs. */
  *[Symbol.iterator](): Generator<RulesetObject> {
    for (const { object } of this.#entries.values()) yield object;
  }

  /** Adds an object of the frame, which exists until it is released. One that is idle is still there, and empty. */
  add(object: RulesetObject): void {
    const known = this.#entries.get(object.name);
    if (known !== undefined) {
      known.references++;
      this.#idle.delete(object.name);
      return;
    }
    this.#entries.set(object.name, { object, dependencies: [], references: 1 });
    this.#created.add(object.name);
  }

  /** Puts another content under the name of an object that always exists, and says that the kernel has it: the caller tells it. */
  replace(object: RulesetObject): void {
    const entry = this.#entries.get(object.name)!;
    this.#entries.set(object.name, { ...entry, object });
  }

  /** Puts another content under the name of an object that always exists: the kernel is to be told. */
  change(object: RulesetObject): void {
    this.replace(object);
    if (!this.#created.has(object.name)) this.#damaged.add(object.name);
  }

  /**
   * A reference to the object of that content, made when it is new. Returns its name. `make` is given the name; `dependencies` are the
   * names of taken objects that it mentions, whose references pass to it.
   */
  take(prefix: string, content: string, dependencies: readonly string[], make: (name: string) => RulesetObject): string {
    const name = this.#names.take(prefix, content);
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      this.#entries.set(name, { object: make(name), dependencies, references: 1 });
      this.#created.add(name);
      return name;
    }
    if (entry.references++ === 0) this.#idle.delete(name);
    // The entry holds its own references to what it needs, from when it was made or revived.
    else for (const dependency of dependencies) this.release(dependency);
    return name;
  }

  /** Another reference to an object that exists, idle or not. */
  retain(name: string): void {
    const entry = this.#entries.get(name)!;
    if (entry.references++ > 0) return;
    this.#idle.delete(name);
    for (const dependency of entry.dependencies) this.retain(dependency);
  }

  /** Gives a reference back. */
  release(name: string): void {
    const entry = this.#entries.get(name)!;
    if (--entry.references > 0) return;
    this.#idle.add(name);
    for (const dependency of entry.dependencies) this.release(dependency);
  }

  /** Puts an element into a mutable set (`true`) or map, or takes it out (`undefined`). Says whether that changed anything. */
  setElement(name: string, key: string, value: Verdict | true | undefined): boolean {
    const object = this.#entries.get(name)!.object;
    const before = elementOf(object, key);
    if (sameElement(before, value)) return false;
    if (!this.#created.has(name)) this.#note(name, key, before);
    const { elements } = object as unknown as { elements: Set<string> | Map<string, Verdict> };
    if (value === undefined) elements.delete(key);
    else if (elements instanceof Map) elements.set(key, value as Verdict);
    else elements.add(key);
    return true;
  }

  #note(name: string, key: string, before: Before): void {
    let touched = this.#touched.get(name);
    if (touched === undefined) {
      touched = new Map();
      this.#touched.set(name, touched);
    }
    if (!touched.has(key)) touched.set(key, before);
  }

  /** The difference to what the kernel was told. */
  pending(): Pending {
    for (const name of this.#idle) if (this.#created.has(name)) this.#drop(name);
    const created = Array.from(this.#created, (name) => this.#entries.get(name)!.object);
    const touched = new Map<string, Map<string, Before>>();
    for (const [name, keys] of this.#touched) {
      if (this.#idle.has(name)) continue;
      const { object } = this.#entries.get(name)!;
      const real = new Map([...keys].filter(([key, before]) => !sameElement(before, elementOf(object, key))));
      if (real.size > 0) touched.set(name, real);
    }
    const idle = Array.from(this.#idle, (name) => this.#entries.get(name)!.object).reverse();
    const damaged = Array.from(this.#damaged, (name) => this.#entries.get(name)?.object).filter((object) => object !== undefined);
    return { created, touched, idle: inOrderOfRemoval(idle), damaged, strangers: inOrderOfRemoval(this.#strangers) };
  }

  /** The kernel has all objects that were created. */
  prepared(): void {
    this.#created.clear();
  }

  /** The kernel has all elements. */
  switched(): void {
    this.#touched.clear();
    this.#damaged = new Set();
  }

  /** The kernel has forgotten the idle objects. */
  cleaned(): void {
    this.#strangers = [];
    for (const name of this.#idle) this.#drop(name);
  }

  /**
   * Takes what a listing of the kernel showed as what the kernel was told; the difference is pending. Gives the names of objects that the kernel was told of and
   * that are not there, or not with the elements that it was told of.
   */
  adopt({ known, damaged, strangers }: Drift): string[] {
    const [touched, created] = [this.#touched, this.#created];
    this.#touched = new Map();
    this.#created = new Set();
    this.#damaged = new Set(damaged);
    this.#strangers = strangers;
    const harmed: string[] = [];
    for (const [name, { object }] of this.#entries) {
      const listed = known.get(name);
      if (listed === undefined) {
        this.#created.add(name);
        if (!created.has(name)) harmed.push(name);
      } else if (isMutable(object)) {
        const different = differences(object, listed.elements);
        this.#touched.set(name, different);
        const told = touched.get(name);
        if (!created.has(name) && [...different.keys()].some((key) => !told?.has(key))) harmed.push(name);
      }
    }
    return harmed;
  }

  #drop(name: string): void {
    this.#entries.delete(name);
    this.#created.delete(name);
    this.#touched.delete(name);
    this.#idle.delete(name);
    this.#names.drop(name);
    this.#onDrop(name);
  }
}

/** Every element that differs from the listed ones, with what was listed. */
function differences(object: RulesetObject, listed: ReadonlyMap<string, Verdict | true>): Map<string, Before> {
  const keys = object.kind === 'set' || object.kind === 'map' ? [...object.elements.keys(), ...listed.keys()] : [];
  const pairs = keys.map((key): [string, Before] => [key, listed.get(key)]);
  return new Map(pairs.filter(([key, before]) => !sameElement(before, elementOf(object, key))));
}

/** Chains before maps before the rest: rules refer to maps and sets, and map elements to chains, which are emptied first. */
function inOrderOfRemoval<T extends { readonly kind: RulesetObject['kind'] }>(objects: readonly T[]): T[] {
  const rank = { chain: 1, map: 0, set: 2, counter: 3 } as const;
  return [...objects].sort((a, b) => rank[a.kind] - rank[b.kind]);
}

/** What an object holds under a key: a map's verdict, `true` for a set's element. */
export function elementOf(object: RulesetObject, key: string): Before {
  if (object.kind === 'map') return object.elements.get(key);
  return object.kind === 'set' && object.elements.has(key) ? true : undefined;
}

function sameElement(a: Before, b: Before): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return a.to === b.to && ('chain' in a ? a.chain : '') === ('chain' in b ? b.chain : '');
}
