import type { ConnectionAnswer } from '#core/connectivity/answers.ts';
import type { Connectivity } from '#core/connectivity/connectivity.ts';
import type { Answer } from '#core/render/matrix-view.ts';

/** An answer that a test made up. */
export const answerOf = (
  endpoints: Connectivity['endpoints'],
  connections: readonly ConnectionAnswer[],
): Answer & { readonly connections: readonly ConnectionAnswer[] } => ({
  endpoints,
  connections,
  reach: connections.map(({ from, to, ...said }) => ({ from, to: [to], said })),
});
