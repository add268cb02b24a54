import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Runs a program to its end and returns what it printed; throws what it complained about. */
export function run([program = '', ...words]: readonly string[], input?: string): string {
  return execFileSync(program, words, { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'], maxBuffer: 1 << 28, timeout: 300_000 });
}

/** Runs a program that may fail; whether it did not. */
export function succeeds(words: readonly string[]): boolean {
  try {
    run(words);
    return true;
  } catch {
    return false;
  }
}

/** Waits until something is so; says what it waited for when it never was. */
export async function until(what: string, isSo: () => boolean, seconds = 60): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; !isSo(); await sleep(100))
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
}

/** A program that runs in a network namespace and sees the machine's files and processes. */
export function inNamespace(namespace: string, words: readonly string[]): string[] {
  // Not `ip netns exec`: that hides the control groups.
  return ['nsenter', `--net=/run/netns/${namespace}`, ...words];
}
