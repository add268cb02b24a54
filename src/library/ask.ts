import { adviseOn as adviseOnFlow, type TriedAdvice } from '#core/advise/advise.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import { type CheckAnswer, checkConnection as checkFlow } from '#core/verdict/answer.ts';
import type { Flow } from '#core/verdict/check.ts';
import { flowOf } from '#core/verdict/parse-flow.ts';
import type { Unanswerable } from '#core/verdict/unanswerable.ts';

/**
 * Whether a connection is allowed, and why: both gates, the policies and rules with their places, and what nearly matched. The answer is the
 * object that `check -o json` prints; an endpoint or a port that does not exist makes it an {@link Unanswerable}.
 */
export const checkConnection = (analysis: Analysis, flow: Flow): CheckAnswer | Unanswerable => ask(analysis, flow, checkFlow);

/**
 * The smallest edits of policies that would allow a denied connection, or deny an allowed one, tried on the whole cluster: with what else
 * they would change, and with the policies as they would be, which {@link WhatIf} can be asked about.
 */
export const adviseOn = (analysis: Analysis, flow: Flow): TriedAdvice | Unanswerable => ask(analysis, flow, adviseOnFlow);

/** Asks about a flow that may come from anywhere: a slip in it must not become a question about something else. */
function ask<T>(analysis: Analysis, value: Flow, question: (analysis: Analysis, flow: Flow) => T): T | Unanswerable {
  const flow = flowOf(value);
  if ('message' in flow) return { error: `${flow.field} ${flow.message}`.trim() };
  return question(analysis, flow);
}
