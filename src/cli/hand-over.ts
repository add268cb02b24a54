import { dirname, join } from 'node:path';

/** As much as the manifests of some five thousand pods; up to there the executable is faster. */
const largest = 8 * 1024 * 1024;

let isDecided = false;

/**
 * Call it before so many bytes are read. The executable starts in half the time that Node does, but takes twice the memory where there is much. So
 * `bin/sallyport` says where a Node is, and here it goes on in the place of the executable: then this does not return. It is decided when the
 * first input is read, as standard input can be read only once. By itself the executable does everything.
 */
export function handOverIfLarge(bytes: number): void {
  const { SALLYPORT_NODE: node, ...env } = process.env;
  const isFirst = !isDecided;
  isDecided = true;
  if (process.versions.bun === undefined || node === undefined || bytes <= largest || !isFirst) return;
  const program = join(dirname(process.execPath), 'sallyport.js');
  process.execve!(node, [node, ...flagsOfNode, program, ...process.argv.slice(2)], env);
}

/** Flags of Node for commands, which `bin/sallyport` gives, too. */
export const flagsOfNode: readonly string[] = ['--max-semi-space-size=8'];
