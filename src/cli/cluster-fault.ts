import { KubeFault } from '#kube/fault.ts';
import { CannotAnswer } from './exit.ts';

/** What keeps a cluster from being read is no bug: anything thrown, with such a fault as the answer of a command that could not answer. */
export const asAnswer = (thrown: unknown): unknown =>
  thrown instanceof KubeFault ? new CannotAnswer(thrown.message, thrown.hint) : thrown;
