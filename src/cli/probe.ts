import type { Command } from 'commander';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { isProbe, type Probe, tryAll } from './probe-sockets.ts';

/** Where the probes stand, as JSON: a container has no standard input. */
export const probesVariable = 'SALLYPORT_PROBES';

/** `sallyport probe`, which `test --live` runs in pods: opens connections and says what came of each, in their order. */
export function define(command: Command): void {
  command
    .description(
      `Opens the connections that $${probesVariable} lists, as JSON, and prints what came of each. \`test --live\` runs it in pods.`,
    )
    .action(answering(probe));
}

async function probe(): Promise<ExitCode> {
  process.stdout.write(`${JSON.stringify(await tryAll(probesIn(process.env[probesVariable] ?? '')))}\n`);
  return 0;
}

function probesIn(json: string): readonly Probe[] {
  try {
    const probes: unknown = JSON.parse(json);
    if (Array.isArray(probes) && probes.every(isProbe)) return probes;
  } catch {
    // Said below.
  }
  throw new CannotAnswer(`$${probesVariable} is no list of {to, port, protocol}`);
}
