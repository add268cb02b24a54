/** A command could not answer: exit code 2, with a message for people. Thrown by commands, caught once, in main. */
export class CannotAnswer extends Error {
  /** What the user may do about it. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** What a process ends with. Source: design.md section 7. */
export type ExitCode = 0 | 1 | 2 | 130;

/** The message of anything thrown. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** The action of a command: what it returns is the exit code. */
export function answering<Words extends unknown[]>(action: (...words: Words) => Promise<number>): (...words: Words) => Promise<void> {
  return async (...words) => {
    process.exitCode = await action(...words);
  };
}
