import { fileURLToPath } from 'node:url';
import { agentFlags } from '#agent/flags.ts';

/** Whether the program is one file together with what runs it (`scripts/executable.ts`), not a script that Node reads. */
declare const SALLYPORT_EXECUTABLE: true | undefined;

const isExecutable = typeof SALLYPORT_EXECUTABLE !== 'undefined';

/** What an executable is told first when it is to be an agent of a lab. */
export const agentWord = '__agent';

/** This program once more, with the words that it was given: what `spawn` takes. */
export const sameProgram = (): string[] =>
  isExecutable ? [process.execPath, ...process.argv.slice(2)] : [process.execPath, ...process.execArgv, ...process.argv.slice(1)];

/** The agent of a lab's node, `src/agent/main.ts`, as a process. From the sources it is a module of its own; a bundle has it beside itself, an executable inside. */
export function agentProgram(): string[] {
  if (isExecutable) return [process.execPath, agentWord];
  const module = new URL(import.meta.url.endsWith('.ts') ? '../agent/main.ts' : './agent.js', import.meta.url);
  return [process.execPath, ...agentFlags, fileURLToPath(module)];
}
