import type { Direction } from '#core/api/types.ts';
import { isEmptyTraffic } from '#core/net/port-set.ts';
import { setText } from '#core/render/traffic.ts';
import type { Reason } from '#core/verdict/gate.ts';
import type { Outcome } from './matrix.ts';
import type { TrafficFilter } from './traffic-filter.ts';

/** Why a gate is open or closed, in words. */
const reasonWords: Record<Reason, string> = {
  'not-isolated': 'open: no policy isolates it',
  rule: 'open: a rule lets it through',
  'no-rule-matched': 'closed: isolated, and no rule lets it through',
  self: 'open: it reaches itself',
  hairpin: 'open: it reaches itself through a Service',
  'own-node': 'open: a pod and its own node',
  'unpoliced-endpoint': 'open: no policy can isolate this end',
  tier: 'a policy of the whole cluster decides',
};

/** What the policies of a gate have done, for the reasons that have any. */
const policyWords: Partial<Record<Reason, string>> = {
  rule: 'by',
  tier: 'by',
  'no-rule-matched': 'isolated by',
  hairpin: 'isolated otherwise by',
  'own-node': 'isolated otherwise by',
};

/** What is said of one gate. */
export interface GateWords {
  readonly isClosed: boolean;
  readonly why: string;
  /** What the policies that are listed have done; undefined where none are. */
  readonly policies: string | undefined;
}

const someTier = 'policies of the whole cluster decide about some traffic';

/** These let some traffic through and some not. All others hold of every port. */
const isOfPorts = (reason: Reason): boolean => reason === 'rule' || reason === 'tier';

/**
 * A gate in words, of the traffic that is asked about. An outcome says why of all traffic; where that does not tell about some of it, no
 * more is claimed than what the gate lets through at all.
 */
export function gateWords(outcome: Outcome, direction: Direction, policies: number, filter: TrafficFilter): GateWords {
  const { reason } = outcome[direction];
  const words = policyWords[reason];
  const isDenied = isEmptyTraffic(filter.of(outcome.some));
  if (!isOfPorts(reason) || (!isDenied && !filter.isNarrow))
    return { isClosed: reason === 'no-rule-matched', why: reasonWords[reason], policies: words };
  if (isDenied) return deniedWords(outcome, direction);
  // Which of several policies let through just this, nothing tells.
  const by = policies > 1 ? 'by one or more of' : words;
  return { isClosed: false, why: reason === 'tier' ? someTier : reasonWords.rule, policies: by };
}

function deniedWords(outcome: Outcome, direction: Direction): GateWords {
  const { reason } = outcome[direction];
  const other = outcome[direction === 'egress' ? 'ingress' : 'egress'].reason;
  const isTold = !isOfPorts(other) && other !== 'no-rule-matched' && outcome.partial === undefined;
  const policies = 'its rules are in';
  if (!isTold)
    return {
      isClosed: false,
      why: reason === 'tier' ? someTier : 'rules let some traffic through; whether this, is not known here',
      policies,
    };
  // The other gate is open for everything, so that this one is what the pair is.
  const rest = isEmptyTraffic(outcome.every) ? undefined : setText(outcome.every);
  return rest === undefined
    ? { isClosed: true, why: 'closed to this', policies }
    : { isClosed: true, why: `closed to this: what it lets through is ${rest}`, policies: 'by' };
}
