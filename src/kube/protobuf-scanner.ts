import { type ReadMessage, readListMetadata, readStatus, readType } from './protobuf-fields.ts';

/** What the answers of an API server in protobuf are called. Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding */
export const protobufType = 'application/vnd.kubernetes.protobuf';

const magic = Buffer.from('k8s\0');

/** The fields of the envelope, and of a list in it. Source: Unknown in generated.proto of k8s.io/apimachinery/pkg/runtime. */
const envelope = { type: 1, raw: 2 } as const;
const list = { metadata: 1, items: 2 } as const;

const lengthDelimited = 2;

/** A field that is in the bytes: its number, where its value begins, and how long that is. */
interface Found {
  readonly number: number;
  readonly start: number;
  readonly length: number;
}

/**
 * Takes a list in protobuf apart while it arrives, as `ListScanner` does with JSON: its items one by one, so that never more than one of them is in
 * memory, and of these only what is read. Throws a SyntaxError for what is none.
 */
export class ProtobufScanner {
  readonly #readItem: ReadMessage;
  readonly #onItem: (item: object) => void;
  readonly #onStart: (frame: Readonly<Record<string, unknown>>) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #isOpen = false;
  #isBegun = false;
  /** How much of the list has not come; undefined outside it. */
  #left: number | undefined;
  #frame: Record<string, unknown> = { items: [] };

  /** `onStart` is told before the first item what stands before the items. */
  constructor(
    readItem: ReadMessage,
    onItem: (item: object) => void,
    onStart: (frame: Readonly<Record<string, unknown>>) => void = () => {},
  ) {
    this.#readItem = readItem;
    this.#onItem = onItem;
    this.#onStart = onStart;
  }

  /** Takes in what comes next. */
  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#at = 0;
    if (!this.#isOpen) this.#open();
    while (this.#isOpen && this.#step());
    this.#bytes = this.#bytes.subarray(this.#at);
  }

  /** The list without its items, when all of it has come. */
  end(): unknown {
    if (!this.#isBegun || this.#left !== undefined || this.#bytes.length > 0) throw new SyntaxError('the list does not end');
    return this.#frame;
  }

  #open(): void {
    if (this.#bytes.length < magic.length) return;
    if (!this.#bytes.subarray(0, magic.length).equals(magic)) throw new SyntaxError('not the protobuf of Kubernetes');
    this.#isOpen = true;
    this.#at = magic.length;
  }

  /** Takes in one field, if all of it has come. */
  #step(): boolean {
    if (this.#left === 0) this.#left = undefined;
    const found = fieldAt(this.#bytes, this.#at);
    if (found === undefined) return false;
    const { number, start, length } = found;
    if (this.#left === undefined && number === envelope.raw) {
      this.#isBegun = true;
      this.#left = length;
      this.#at = start;
      return true;
    }
    const end = start + length;
    if (end > this.#bytes.length) return false;
    const value = this.#bytes.subarray(start, end);
    if (this.#left === undefined) this.#takeEnvelope(number, value);
    else {
      this.#left -= end - this.#at;
      if (this.#left < 0) throw new SyntaxError('a field is longer than its list');
      this.#takeList(number, value);
    }
    this.#at = end;
    return true;
  }

  #takeEnvelope(number: number, value: Buffer): void {
    if (number === envelope.type) this.#frame = { ...readWith(readType, value), ...this.#frame };
  }

  #takeList(number: number, value: Buffer): void {
    if (number === list.items) this.#onItem(readWith(this.#readItem, value));
    else if (number === list.metadata) {
      this.#frame = { ...this.#frame, metadata: readWith(readListMetadata, value) };
      this.#onStart(this.#frame);
    }
  }
}

/** What the bytes hold; bytes that are no message are no list's. */
function readWith(read: ReadMessage, bytes: Buffer): ReturnType<ReadMessage> {
  try {
    return read(bytes);
  } catch (error) {
    throw new SyntaxError('a message that can not be read', { cause: error });
  }
}

/** What a server says in protobuf instead of what was asked for; undefined when it is not that. */
export function statusIn(bytes: Buffer): unknown {
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  let status: unknown;
  for (let at = magic.length; ; ) {
    const found = fieldAt(bytes, at);
    if (found === undefined) return status;
    at = found.start + found.length;
    if (found.number === envelope.raw) status = { kind: 'Status', ...readWith(readStatus, bytes.subarray(found.start, at)) };
  }
}

/** The field that begins there; undefined when its beginning has not come. Envelopes and lists have none but of a length. */
function fieldAt(bytes: Buffer, at: number): Found | undefined {
  const tag = varintAt(bytes, at);
  const size = tag && varintAt(bytes, tag.end);
  if (size === undefined) return undefined;
  if ((tag!.value & 7) !== lengthDelimited) throw new SyntaxError('a field of another type than any here');
  return { number: tag!.value >>> 3, start: size.end, length: size.value };
}

/** No number here has more bytes: tags are small, and what is longer than 32 bits can say comes from no server. */
const mostBytes = 5;

function varintAt(bytes: Buffer, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let place = 0; at + place < bytes.length; place++) {
    if (place === mostBytes) throw new SyntaxError('a length without end');
    const byte = bytes[at + place]!;
    value += (byte & 0x7f) * 2 ** (7 * place);
    if (byte < 0x80) return { value, end: at + place + 1 };
  }
  return undefined;
}
