import type { Source } from '../api/diagnostic.ts';
import type { Analysis } from '../verdict/analysis.ts';
import { Sides } from '../verdict/sides.ts';
import { isUnanswerable, type Unanswerable } from '../verdict/unanswerable.ts';
import type { ConnectivityTest, Test } from './connectivity-test.ts';
import { Everybody } from './covering.ts';
import { ExpectationJudge, type Tried, type Violation } from './judge-expectation.ts';
import { NamedEnds, potentialIn } from './named-ends.ts';
import { ClosureJudge } from './nothing-else.ts';

/** Why a test, or a part of it, has no answer. */
export type TestError = Unanswerable & { readonly source?: Source };

/** What became of one test. */
export interface TestResult {
  readonly test: Test;
  /** `error`: it could not be decided, so that it proves nothing. */
  readonly status: 'passed' | 'failed' | 'error';
  /** What does not hold. */
  readonly violations: readonly Violation[];
  readonly errors: readonly TestError[];
  /** How many kinds of connections were judged one by one. */
  readonly tried: number;
}

/** The tests of a document over one cluster. */
export class TestRun {
  /** The cluster, with the pods that do not exist but that tests ask for. */
  readonly analysis: Analysis;
  readonly #tests: readonly Test[];
  readonly #ends: NamedEnds;
  readonly #sides: Sides;
  readonly #onTried: (tried: Tried) => void;
  readonly #byNode: boolean;
  #everybody: Everybody | undefined;

  /** `onTried` is told of every kind of connection that is judged one by one; with `byNode` pods on different nodes are of different kinds. */
  constructor(analysis: Analysis, { tests }: ConnectivityTest, onTried: (tried: Tried) => void = () => undefined, byNode = false) {
    const potential = potentialIn(new Set(tests.flatMap(namesIn)));
    this.analysis = potential.length === 0 ? analysis : analysis.withPotential(potential);
    this.#tests = tests;
    this.#ends = new NamedEnds(this.analysis);
    this.#sides = new Sides(this.analysis.model);
    this.#onTried = onTried;
    this.#byNode = byNode;
  }

  /** Whom tests mean. */
  get ends(): NamedEnds {
    return this.#ends;
  }

  /** The results in the order of the tests, each worked out when it is asked for. */
  *results(): Generator<TestResult> {
    for (const test of this.#tests) yield this.#run(test);
  }

  #run(test: Test): TestResult {
    let tried = 0;
    const note = (each: Tried): void => {
      tried++;
      this.#onTried(each);
    };
    const judge = new ExpectationJudge(this.analysis, this.#ends, this.#sides, note, !this.#byNode);
    const violations: Violation[] = [];
    const errors: TestError[] = [];
    const sort = (found: readonly (Violation | Unanswerable)[], source: Source | undefined): void => {
      for (const each of found)
        if (isUnanswerable(each)) errors.push({ ...each, ...(source && { source }) });
        else violations.push(each);
    };
    for (const expectation of test.expectations) sort(judge.judge(expectation), expectation.source);
    const { nothingElse, expectations } = test;
    if (nothingElse !== undefined) {
      this.#everybody ??= new Everybody(this.analysis);
      sort(new ClosureJudge(this.#everybody, this.#ends).judge(nothingElse, expectations), nothingElse.source);
    }
    const status = errors.length > 0 ? 'error' : violations.length > 0 ? 'failed' : 'passed';
    return { test, status, violations, errors, tried };
  }
}

const namesIn = ({ expectations, nothingElse }: Test): string[] => [
  ...expectations.flatMap(({ from, to }) => [...from, ...to]),
  ...(nothingElse?.subjects ?? []),
];
