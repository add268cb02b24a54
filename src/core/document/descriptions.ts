import type { OnObject } from '../api/decode.ts';
import { type Description, descriptionIn } from '../api/description.ts';
import type { Source } from '../api/diagnostic.ts';
import { kindAndName } from '../api/types.ts';

/** An object, as far as it is looked up here. */
interface Described {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly source?: Source;
}

/** What objects say of themselves: gathered while they are decoded, for `onObject`. */
export class Descriptions {
  readonly #known = new Map<string, Description>();
  readonly #commentAbove: (source: Source) => string | undefined;

  /** Where annotations say nothing, what stands in a comment above the object counts, if that can be looked up. */
  constructor(commentAbove: (source: Source) => string | undefined = () => undefined) {
    this.#commentAbove = commentAbove;
  }

  readonly onObject: OnObject = (object, value) => {
    const { metadata } = value as { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | null } };
    const description = descriptionIn(metadata?.annotations ?? {});
    if (Object.keys(description).length > 0) this.#known.set(kindAndName(object), description);
  };

  /** What an object says of itself, if it does. */
  of(object: Described): Description {
    const { text, owner } = this.#known.get(kindAndName(object)) ?? {};
    // Above a namespace mostly stands what the whole file is for.
    const said = text ?? (object.source && object.kind !== 'Namespace' ? this.#commentAbove(object.source) : undefined);
    return { ...(said !== undefined && { text: said }), ...(owner !== undefined && { owner }) };
  }
}
