const quote = 0x22;
const backslash = 0x5c;
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** The depth at which the fields of the list stand, and its items. */
const ofFields = 1;
const ofItems = 2;

/**
 * Takes the JSON of a list apart while it arrives, in whatever pieces: its items one by one, so that never more than one of them is in memory as it was
 * written. What stands around the items is the frame: the list without them. Throws a SyntaxError for what is no list of objects.
 */
export class ListScanner {
  readonly #onItem: (item: object) => void;
  readonly #onStart: (frame: Readonly<Record<string, unknown>>) => void;
  /** What has come of the part that has not ended, and how far it has been looked at: an escape may reach beyond its end. */
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Where that part begins: an item, what stands between two, or the frame. */
  #from = 0;
  #depth = 0;
  #isInString = false;
  #isInItems = false;
  #frame = '';

  /** `onStart` is told before the first item what stands before the items. */
  constructor(onItem: (item: object) => void, onStart: (frame: Readonly<Record<string, unknown>>) => void = () => {}) {
    this.#onItem = onItem;
    this.#onStart = onStart;
  }

  /** Takes in what comes next. */
  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#scan(this.#bytes);
    this.#bytes = this.#bytes.subarray(this.#from);
    this.#at -= this.#from;
    this.#from = 0;
  }

  /** The list without its items, when all of it has come. */
  end(): unknown {
    if (this.#isInItems) throw new SyntaxError('the list ends among its items');
    return JSON.parse(this.#frame + this.#bytes.toString('utf8'));
  }

  #scan(bytes: Buffer): void {
    const { length } = bytes;
    let at = this.#at;
    let isInString = this.#isInString;
    for (; at < length; at++) {
      const byte = bytes[at];
      if (byte === quote) isInString = !isInString;
      else if (isInString) {
        if (byte === backslash) at++;
      } else if (byte === openBrace || byte === openBracket) this.#open(at, byte);
      else if (byte === closeBrace || byte === closeBracket) this.#close(at);
    }
    this.#at = at;
    this.#isInString = isInString;
  }

  #open(at: number, byte: number): void {
    const depth = this.#depth++;
    if (this.#isInItems) {
      if (depth !== ofItems) return;
      this.#pass(at);
      if (byte === openBracket) throw new SyntaxError('an item is no object');
    } else if (depth === ofFields && byte === openBracket && /"items"\s*:\s*$/.test(this.#text(at))) {
      this.#isInItems = true;
      this.#frame = this.#text(at + 1);
      this.#from = at + 1;
      this.#onStart(JSON.parse(`${this.#frame}]}`));
    }
  }

  #close(at: number): void {
    const depth = --this.#depth;
    if (!this.#isInItems || depth > ofItems) return;
    if (depth === ofItems) {
      this.#onItem(JSON.parse(this.#text(at + 1)));
      this.#from = at + 1;
      return;
    }
    this.#pass(at);
    this.#isInItems = false;
  }

  /** Leaves behind what stands before an item or the end of all. */
  #pass(at: number): void {
    if (!/^[\s,]*$/.test(this.#text(at))) throw new SyntaxError('an item is no object');
    this.#from = at;
  }

  /** What has come of the part that is being read. */
  #text(end: number): string {
    return this.#bytes.toString('utf8', this.#from, end);
  }
}
