import type { TestAnswer } from '#core/expect/answer.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { everyPair } from '#lab/flows.ts';
import { Lab } from '#lab/lab.ts';
import { Session } from '#lab/session.ts';
import { readEnforceable } from './input.ts';
import { eventText, failuresOf, tellProblems, unanswered } from './lab-session.ts';
import type { InputOptions } from './options.ts';
import { stderr } from './terminal.ts';
import type { TestDocument } from './test-files.ts';
import { PacketTests } from './test-packets.ts';

/** Runs the tests of some documents with real packets, in a lab of the manifests that the options name. */
export async function labTests(documents: readonly TestDocument[], options: InputOptions): Promise<readonly TestAnswer[]> {
  const { objects, choices } = await readEnforceable(options);
  const lab = await Lab.create(objects, {
    choices: options.set ?? [],
    onEvent: (event) => void stderr.print([eventText(event)].filter((text) => text !== undefined)),
  });
  try {
    await tellProblems(lab.topology);
    const tests = documents.map(({ test }) => test);
    const packets = new PacketTests(new Analysis(lab.topology.cluster, choices), tests, () => everyPair(lab.topology));
    const session = new Session(lab, { choices, flows: packets.flows });
    const applied = await session.begin();
    if ('error' in applied) throw unanswered(undefined, applied);
    await stderr.print(failuresOf(applied));
    const report = await session.report();
    if ('error' in report) throw unanswered(undefined, report);
    return packets.answers(report.flows);
  } finally {
    await lab.close();
  }
}
