import { kindAndName } from '#core/api/types.ts';

/** Which object of the cluster, in which version; of a kind that this program need not know. */
export interface ObjectVersion {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly generation?: number;
  readonly uid?: string;
}

/** An object of the cluster that this program can't read. */
export interface Unreadable extends ObjectVersion {
  /** As messages name it: `NetworkPolicy shop/deny`. */
  readonly object: string;
  readonly apiVersion: string;
  /** Whether something stands for it that closes whomever it can mean; without that it is not there for this program. */
  readonly isClosed: boolean;
  readonly faults: readonly string[];
}

/** Keeps account of the objects that can't be read, and tells when that ends: they can be read, or are gone. */
export class UnreadableObjects {
  readonly #known = new Map<string, ObjectVersion>();
  /** Those that a list that is under way has not shown yet. */
  readonly #unseen = new Set<string>();
  readonly #onEnd: (object: ObjectVersion, isGone: boolean) => void;

  constructor(onEnd: (object: ObjectVersion, isGone: boolean) => void) {
    this.#onEnd = onEnd;
  }

  add(object: ObjectVersion): void {
    const key = kindAndName(object);
    this.#unseen.delete(key);
    this.#known.set(key, object);
  }

  /** The object can be read, or is gone. */
  end(object: ObjectVersion, isGone: boolean): void {
    const key = kindAndName(object);
    this.#unseen.delete(key);
    if (this.#known.delete(key)) this.#onEnd(object, isGone);
  }

  /** A list of the kind begins, which shows all that there are. */
  beginList(kind: string): void {
    for (const [key, object] of this.#known) if (object.kind === kind) this.#unseen.add(key);
  }

  /** The list is complete: what it has not shown is gone. */
  endList(kind: string): void {
    for (const key of this.#unseen) {
      const object = this.#known.get(key);
      if (object === undefined || object.kind === kind) this.#unseen.delete(key);
      if (object?.kind === kind) this.end(object, true);
    }
  }
}
