import { CannotAnswer, type ExitCode, messageOf } from './exit.ts';
import type { InputOptions } from './options.ts';
import { stderr, stdout } from './terminal.ts';
import { manifestsOf, readTests } from './test-files.ts';
import { Watch } from './watch.ts';

/** Runs the tests, and again after each change of a file that they are made of, until somebody ends it. */
export async function watchTests(files: readonly string[], { filename }: InputOptions, run: () => Promise<ExitCode>): Promise<never> {
  if (files.includes('-') || filename?.includes('-')) throw new CannotAnswer('--watch follows files, and standard input is none');
  const manifests = filename ?? (await readTests(files)).flatMap((document) => manifestsOf(document) ?? []);
  if (manifests.length === 0) throw new CannotAnswer('--watch follows files: say with -f where the manifests are');
  // First watch, then read: what is saved from here on is not missed.
  const watch = new Watch([...files, ...manifests]);
  let changed = Promise.withResolvers<void>();
  watch.listen(() => changed.resolve());
  for (;;) {
    changed = Promise.withResolvers<void>();
    await runOnce(run);
    await changed.promise;
    await stdout.print(['']);
  }
}

/** What is half-saved is said and tried again with the next change. */
async function runOnce(run: () => Promise<ExitCode>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof CannotAnswer)) throw error;
    await stderr.print([`${stderr.style.palette.deny('error')}: ${messageOf(error)}`]);
  }
}
