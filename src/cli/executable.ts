import { agentWord } from '#lab/own-program.ts';
import { main } from './main.ts';

/**
 * Where the executable starts (`scripts/executable.ts`): the program, with what runs it, as one file. Under the name that kubectl asks for completions
 * it answers them, like `bin/kubectl_complete-sallyport`. It is also the agents of its labs, which for Node are a module of their own.
 */
async function start(): Promise<void> {
  // What bin/sallyport sets for this engine alone: another that a child happens to run on may refuse to start with it.
  delete process.env.BUN_JSC_largeHeapSize;
  delete process.env.BUN_JSC_useFTLJIT;
  delete process.env.BUN_JSC_thresholdForOptimizeAfterWarmUp;
  if (/(?:^|\/)kubectl_complete-sallyport$/.test(process.argv0)) process.argv.splice(2, 0, '__complete');
  if (process.argv[2] !== agentWord) return main();
  process.argv.splice(2, 1);
  await import('#agent/main.ts');
}

void start();
