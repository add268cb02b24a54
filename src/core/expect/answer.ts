import type { Source } from '../api/diagnostic.ts';
import { type TrafficAnswer, trafficAnswer } from '../connectivity/answers.ts';
import { type CheckAnswer, checkConnection } from '../verdict/answer.ts';
import { isUnanswerable } from '../verdict/unanswerable.ts';
import type { Violation } from './judge-expectation.ts';
import type { TestError, TestResult, TestRun } from './run-tests.ts';

/** What does not hold, with one connection that shows it and the reasons of both gates. */
export interface ViolationAnswer {
  readonly expected: Violation['expected'];
  /** The ends as the test writes them; of `nothing else` the ids of endpoints. */
  readonly from: string;
  readonly to: string;
  readonly traffic: TrafficAnswer;
  readonly source?: Source;
  readonly example?: CheckAnswer;
  /** Packets did this, against the verdict. */
  readonly isOfPackets?: true;
}

/** What became of a test: an object of `test -o json`. */
export interface TestAnswer {
  /** The name of the document. */
  readonly document: string;
  readonly name: string;
  readonly status: TestResult['status'];
  readonly source?: Source;
  readonly tried: number;
  readonly violations: readonly ViolationAnswer[];
  readonly errors: readonly TestError[];
}

/** Writes a result of a run down; for each violation a connection is asked about. */
export function testAnswer(document: string, { test, status, violations, errors, tried }: TestResult, { analysis }: TestRun): TestAnswer {
  const { name, source } = test;
  const shown = violations.map(({ expected, from, to, traffic, flow, source: at }): ViolationAnswer => {
    const example = checkConnection(analysis, flow);
    return {
      expected,
      from,
      to,
      traffic: trafficAnswer(traffic),
      ...(at && { source: at }),
      ...(!isUnanswerable(example) && { example }),
    };
  });
  return { document, name, status, ...(source && { source }), tried, violations: shown, errors };
}
