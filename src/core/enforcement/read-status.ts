import { isObject } from '../api/reader.ts';
import type { NodeStatus } from './node-status.ts';

/** What an answer to `/status` says; undefined where it is something else. An agent of a later version may say more. */
export function statusIn(answer: unknown): NodeStatus | undefined {
  if (!isObject(answer) || typeof answer.node !== 'string' || typeof answer.version !== 'string') return undefined;
  const areLists = [answer.policies, answer.checks, answer.failures].every((list) => Array.isArray(list) && list.every(isObjectOrText));
  return areLists ? (answer as unknown as NodeStatus) : undefined;
}

const isObjectOrText = (value: unknown): boolean => isObject(value) || typeof value === 'string';
