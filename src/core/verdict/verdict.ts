import type { Choices } from '../api/choices.ts';
import { directions } from '../api/types.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { type GateQuestion, type GateVerdict, judgeGate, selfGate } from './gate.ts';
import { isSamePod, type Party } from './party.ts';
import type { Passage } from './passage.ts';

/** One connection, in the direction in which it is opened. */
export interface Connection {
  /** The source, before source translation. */
  readonly from: Party;
  /** The destination, after destination translation. */
  readonly to: Party;
  /** TCP, UDP, SCTP, or another protocol, for which the verdict is a prediction. */
  readonly protocol: string;
  /** The destination port, after translation. */
  readonly port: number;
  /** The source asked for a Service, which led here. */
  readonly isThroughService?: boolean;
  /** What the gates see of it where that is not the true ends. */
  readonly passage?: Passage;
}

/** Whether a connection is allowed, and what both gates say. */
export interface Verdict {
  readonly allowed: boolean;
  readonly egress: GateVerdict;
  readonly ingress: GateVerdict;
  /** What both gates would say if policies in audit were enforced, where that would close one that is open. Source: semantics.md section 11. */
  readonly wouldDeny?: { readonly egress: GateVerdict; readonly ingress: GateVerdict };
}

/** Judges one connection. Source: `decide` in semantics.md section 7. */
export function judge(model: PolicyModel, connection: Connection, choices: Choices = model.choices): Verdict {
  const { from, to, isThroughService } = connection;
  const isSelf = isSamePod(from, to);
  if (isSelf && !isThroughService) return { allowed: true, egress: selfGate, ingress: selfGate };
  const [egressQuestion, ingressQuestion] = gateQuestions(connection);
  const egress = judgeGate(model, egressQuestion, choices);
  const ingress = judgeGate(model, ingressQuestion, choices);
  const verdict = { allowed: egress.allowed && ingress.allowed, egress, ingress };
  if (!model.mayAudit) return verdict;
  const all = {
    egress: judgeGate(model, egressQuestion, choices, { judged: 'all' }),
    ingress: judgeGate(model, ingressQuestion, choices, { judged: 'all' }),
  };
  const closes = directions.some((direction) => verdict[direction].allowed && !all[direction].allowed);
  return closes ? { ...verdict, wouldDeny: all } : verdict;
}

/** What the two gates of a connection are asked. */
export function gateQuestions(connection: Connection): readonly [egress: GateQuestion, ingress: GateQuestion] {
  const { from, to, protocol, port, passage: { toward = { party: to, port }, seenFrom = from } = {} } = connection;
  const isHairpin = isSamePod(from, to);
  return [
    { direction: 'egress', subject: from, remote: toward.party, protocol, port: toward.port, isHairpin },
    { direction: 'ingress', subject: to, remote: seenFrom, protocol, port, isHairpin },
  ];
}
