import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** As much as the manifests of some fifteen thousand pods: up to there the executable takes two thirds of the time, and some 350 MiB. */
const largest = 24 * 1024 * 1024;

/** Flags of Node for commands, which `bin/sallyport` gives, too. */
export const flagsOfNode: readonly string[] = ['--max-semi-space-size=8'];

let isDecided = false;

/**
 * Call it before manifests of so many bytes are read. The executable starts in half the time that Node does, but takes twice the memory where there is
 * much. So `bin/sallyport` says where a Node is, and here it goes on in the place of the executable, with the same words: then this does not return.
 * That is decided once, and only if all that was read until then can be read again. By itself the executable does everything.
 */
export function handOverIfLarge(bytes: number): void {
  const { SALLYPORT_NODE: node, ...env } = process.env;
  const isFirst = !isDecided;
  isDecided = true;
  // The process of a lab is in the middle of a conversation with the one outside.
  if (process.versions.bun === undefined || process.send !== undefined) return;
  if (node === undefined || bytes <= largest || !isFirst) return;
  const words = process.argv.slice(2);
  if (!words.every(canBeReadAgain)) return;
  process.execve!(node, [node, ...flagsOfNode, join(dirname(process.execPath), 'sallyport.js'), ...words], env);
}

/** Not so standard input and pipes: a list of flows, or tests, may have come from there. */
function canBeReadAgain(word: string): boolean {
  const path = word.replace(/^(?:--[\w-]+=|-\w(?=.))/, '');
  if (path === '-') return false;
  try {
    const found = statSync(path);
    return found.isFile() || found.isDirectory();
  } catch {
    // Most words name no file.
    return true;
  }
}
