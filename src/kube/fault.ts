/** Why a cluster can't be read. */
export type KubeFaultReason =
  | 'configuration' // the kubeconfig or a flag is at fault, or there is none
  | 'credentials' // what proves who we are could not be had
  | 'unreachable'
  | 'untrusted' // the server's certificate
  | 'timeout'
  | 'unauthorized'
  | 'forbidden'
  | 'not-kubernetes'
  | 'server'; // the server says that it can't

/** A cluster that can't be read, in words for a user. */
export class KubeFault extends Error {
  override readonly name = 'KubeFault';
  readonly reason: KubeFaultReason;
  /** What the user may do about it; may be several lines. */
  readonly hint: string | undefined;

  constructor(reason: KubeFaultReason, message: string, hint?: string) {
    super(message);
    this.reason = reason;
    this.hint = hint;
  }
}
