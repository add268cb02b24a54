import type { ConnectionAnswer } from '../connectivity/answers.ts';
import type { Reason } from '../verdict/gate.ts';

/** Why a pair may talk: a rule or an exception lets it through a gate, or nothing isolates either end. */
export type Allowance = 'rule' | 'open';

/** Why the pair may talk; undefined where it may do nothing. */
export function allowanceOf({
  traffic,
  partial,
  reason,
}: Pick<ConnectionAnswer, 'traffic' | 'reason'> & { readonly partial?: ConnectionAnswer['traffic'] | undefined }): Allowance | undefined {
  if ((partial ?? traffic).length === 0) return undefined;
  return isUnguarded(reason.egress) && isUnguarded(reason.ingress) ? 'open' : 'rule';
}

const isUnguarded = (reason: Reason): boolean => reason === 'not-isolated' || reason === 'unpoliced-endpoint';
