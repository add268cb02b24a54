import type { TestAnswer, ViolationAnswer } from '#core/expect/answer.ts';
import { testAnswer } from '#core/expect/answer.ts';
import type { ConnectivityTest, Test } from '#core/expect/connectivity-test.ts';
import type { Tried } from '#core/expect/judge-expectation.ts';
import { TestRun } from '#core/expect/run-tests.ts';
import type { Analysis } from '#core/verdict/analysis.ts';
import type { Flow } from '#core/verdict/check.ts';
import { podId } from '#core/verdict/endpoint.ts';
import { isUnanswerable } from '#core/verdict/unanswerable.ts';
import type { FlowResult } from '#lab/run.ts';
import { CannotAnswer } from './exit.ts';
import { mostFlows } from './lab-session.ts';

/** A test as the analyser sees it, with the connections to try: their places among all flows. */
interface PlannedTest {
  readonly answer: TestAnswer;
  readonly flows: readonly number[];
}

/** Says which connections show whether tests hold, each once however many tests ask for it, and what packets then say of the tests. */
export class PacketTests {
  readonly flows: Flow[] = [];
  readonly #analysis: Analysis;
  readonly #pairs: () => readonly Flow[];
  readonly #places = new Map<string, number>();
  readonly #planned: readonly PlannedTest[];

  /** `pairs` gives the connections with which it is tried that nothing else passes: all that can be tried between pods. */
  constructor(analysis: Analysis, documents: readonly ConnectivityTest[], pairs: () => readonly Flow[]) {
    this.#analysis = analysis;
    let known: readonly Flow[] | undefined;
    this.#pairs = () => (known ??= pairs());
    this.#planned = documents.flatMap((document) => this.#plan(document));
    if (this.flows.length > mostFlows)
      throw new CannotAnswer(`the tests mean ${this.flows.length} connections, too many to try`, 'name fewer endpoints, or ports');
  }

  /** The answers, where packets did this. */
  answers(results: readonly FlowResult[]): TestAnswer[] {
    return this.#planned.map(({ answer, flows }) =>
      withPackets(
        answer,
        flows.map((place) => results[place]!),
      ),
    );
  }

  #plan(document: ConnectivityTest): PlannedTest[] {
    let tried: Tried[] = [];
    const run = new TestRun(this.#analysis, document, (each) => tried.push(each), true);
    if (run.analysis !== this.#analysis) throw new CannotAnswer(`${document.name}: pods that only could exist send no packets`);
    return Array.from(run.results(), (result): PlannedTest => {
      const flows = [...tried.map(({ flow }) => flow), ...this.#closure(result.test, run)];
      tried = [];
      return { answer: testAnswer(document.name, result, run), flows: [...new Set(flows.map((flow) => this.#placeOf(flow)))] };
    });
  }

  /** That nothing else passes can't be tried on all ports: it is on those that somebody has declared, with everybody who is there. */
  #closure({ nothingElse }: Test, run: TestRun): readonly Flow[] {
    if (nothingElse === undefined) return [];
    const ends = nothingElse.subjects.map((name) => run.ends.find(name));
    const pods = ends.flatMap((end) => (!isUnanswerable(end) && end.members.kind === 'pods' ? end.members.pods : []));
    const subjects = new Set(pods.map(podId));
    return this.#pairs().filter(({ from, to }) => subjects.has(nothingElse.direction === 'ingress' ? to : from));
  }

  #placeOf(flow: Flow): number {
    const key = `${flow.from} ${flow.to} ${flow.protocol}/${flow.port} ${flow.family}`;
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.flows.push(flow) - 1;
      this.#places.set(key, place);
    }
    return place;
  }
}

/** The answer with what packets say against the verdicts. Where they do what the verdicts say, the analyser's answer stands. */
function withPackets(answer: TestAnswer, flows: readonly FlowResult[]): TestAnswer {
  const wrong = flows.filter(({ match }) => !match);
  const untried = flows.filter(({ observed }) => observed === 'skipped');
  const errors = [
    ...answer.errors,
    ...wrong
      .filter(({ observed }) => observed === 'error')
      .map((flow) => ({ error: `${flowText(flow)}: ${flow.detail ?? 'nothing that tells'}` })),
    ...(flows.length > 0 && untried.length === flows.length
      ? [{ error: `none of its connections can be tried here: ${untried[0]!.detail}` }]
      : []),
  ];
  const violations = [...answer.violations, ...wrong.filter(({ observed }) => observed !== 'error').map(violationOf)];
  const status = errors.length > 0 ? 'error' : violations.length > 0 ? 'failed' : 'passed';
  return { ...answer, status, errors, violations, tried: flows.length - untried.length };
}

const flowText = ({ from, to, protocol, port }: FlowResult): string => `${from.id} → ${to.id} ${protocol}/${port}`;

function violationOf({ from, to, protocol, port, verdict }: FlowResult): ViolationAnswer {
  return {
    expected: verdict,
    from: from.id,
    to: to.id,
    traffic: [{ protocol: protocol as 'TCP', ports: [String(port)] }],
    isOfPackets: true,
  };
}
