import type { NodeCheck } from '#core/enforcement/node-status.ts';

/** A pass that takes longer, in milliseconds, will not end: nft itself is given up on after a minute. */
const longestPass = 300_000;

/** What has to be known to say whether an agent is well. */
export interface Circumstances {
  readonly synced: boolean;
  /** A complete ruleset is in the kernel. */
  readonly programmed: boolean;
  /** Devices on which packets between pods of this node meet no rule. */
  readonly unjudged: readonly string[];
  /** Milliseconds that the pass which is under way has taken. */
  readonly passing: number | undefined;
}

/** Whether the reconcile loop gets on; when it does not, the agent is better begun anew. */
export function livenessOf({ passing }: Circumstances): { readonly ok: boolean; readonly message: string } {
  if (passing === undefined) return { ok: true, message: 'the loop waits for changes' };
  const message = `a pass of the loop has taken ${Math.round(passing / 1000)} s`;
  return { ok: passing < longestPass, message };
}

/** What a node needs to be called ready. That the API server can't be reached is no cause: what is known is enforced. */
export function checksOf({ synced, programmed, unjudged }: Circumstances): NodeCheck[] {
  const bridges = unjudged.join(', ');
  return [
    { name: 'synced', ok: synced, message: synced ? 'everything has been read' : 'the cluster has not been read completely yet' },
    {
      name: 'programmed',
      ok: programmed,
      message: programmed ? 'a complete ruleset is in the kernel' : 'no complete ruleset is in the kernel yet',
    },
    {
      name: 'judged',
      ok: unjudged.length === 0,
      message: bridges === '' ? 'every packet between pods meets the rules' : `packets between pods on ${bridges} meet no rule`,
    },
  ];
}
