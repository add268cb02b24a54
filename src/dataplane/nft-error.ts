import { MissingNeed } from './need.ts';

/**
 * Why a transaction did not succeed:
 * - `not-found`, `exists`, `busy`: the kernel holds something else than the caller thinks; nothing was changed;
 * - `rejected`: syntax, or anything else the kernel refuses; nothing was changed;
 * - `crashed`, `timeout`: nobody knows whether it was committed: read the table back before going on.
 */
export type NftErrorKind = 'not-found' | 'exists' | 'busy' | 'rejected' | 'crashed' | 'timeout';

/** A transaction failed. `detail` is what nft said, at most 4 KiB; `line` counts the script's lines from 1. */
export class NftError extends Error {
  override readonly name = 'NftError';
  readonly kind: NftErrorKind;
  readonly detail: string;
  readonly line?: number;

  constructor(kind: NftErrorKind, message: string, detail: string = message, line?: number) {
    super(message);
    this.kind = kind;
    this.detail = detail;
    if (line !== undefined) this.line = line;
  }
}

const kinds: Readonly<Record<string, NftErrorKind>> = {
  ENOENT: 'not-found',
  EEXIST: 'exists',
  EBUSY: 'busy',
  'No such file or directory': 'not-found',
  'File exists': 'exists',
  'Device or resource busy': 'busy',
};

/** The kind of an error that the kernel names so: by its errno's name or, through nft, by its text. */
export const kindOf = (reason: string): NftErrorKind => kinds[reason] ?? 'rejected';

/** What nft said on standard error, as an error; undefined when it did not complain. The first complaint counts: the rest follows from it. */
export function readComplaint(stderr: string): NftError | MissingNeed | undefined {
  const found = /^(?:\S+?:(\d+):\d+-\d+: )?(?:netlink: |internal:0:0-0: )?Error: (.*)(?:\n([^\n]*))?/m.exec(stderr);
  if (found === null) return undefined;
  const reason = found[2]!.replace('Could not process rule: ', '');
  if (reason.includes('Operation not permitted'))
    return new MissingNeed('root', `nft needs root, or CAP_NET_ADMIN in its namespace (${reason})`);
  const quoted = found[3]?.trim() ?? '';
  const place = quoted === '' ? '' : `: ${abbreviate(quoted)}`;
  const line = found[1] === undefined ? undefined : Number(found[1]);
  return new NftError(kindOf(reason.replace(/;.*/, '')), `${reason}${place}`, stderr.slice(0, 4096), line);
}

const abbreviate = (text: string): string => (text.length <= 160 ? text : `${text.slice(0, 157)}...`);
