/** What this room may find missing on a machine. */
export type Need = 'linux' | 'koffi' | 'root' | 'nft' | 'conntrack';

/** Something that leads to the kernel is not there. The message says what, and what to do, in words for a user. */
export class MissingNeed extends Error {
  override readonly name = 'MissingNeed';
  readonly need: Need;

  constructor(need: Need, message: string, options?: ErrorOptions) {
    super(message, options);
    this.need = need;
  }
}
