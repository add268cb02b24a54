/**
 * A 64-bit hash of a text, as 13 characters `[0-9a-v]`. Not cryptographic: whoever names things by it keeps the contents apart
 * (see Names), so that a collision, even a provoked one, never makes two contents one.
 */
function hashOf(text: string): string {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 0x85ebca77);
    b = Math.imul(b ^ code, 0xc2b2ae3d);
    a ^= a >>> 13;
    b ^= b >>> 15;
  }
  a = finish(a ^ Math.imul(b, 0x27d4eb2f));
  b = finish(b ^ Math.imul(a, 0x165667b1));
  return ((BigInt(a >>> 0) << 32n) | BigInt(b >>> 0)).toString(32).padStart(13, '0');
}

function finish(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Gives contents names by their hash. INVARIANT: one name never stands for two contents, whatever the hash does. */
export class Names {
  readonly #contents = new Map<string, string>();

  /** The name of a content under a prefix; the same content has the same name while it is in use. */
  take(prefix: string, content: string): string {
    const base = `${prefix}-${hashOf(`${prefix} ${content}`)}`;
    let name = base;
    for (let copy = 2; (this.#contents.get(name) ?? content) !== content; copy++) name = `${base}-${copy}`;
    this.#contents.set(name, content);
    return name;
  }

  /** Forgets a name whose object is gone. */
  drop(name: string): void {
    this.#contents.delete(name);
  }
}
