import { lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The directory of the user's running labs, made if need be: `$XDG_RUNTIME_DIR/sallyport`, else under `/run/user`, else under `/tmp`.
 * Nobody else can enter it. Throws when somebody else has put something in its place. Source: XDG Base Directory Specification.
 */
export function runtimeDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const user = outerUser();
  const parents = [env.XDG_RUNTIME_DIR, `/run/user/${user}`].filter((parent) => parent !== undefined && isOwn(parent));
  const directory = parents.length > 0 ? join(parents[0]!, 'sallyport') : `/tmp/sallyport-${user}`;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!isOwn(directory) || (lstatSync(directory).mode & 0o077) !== 0)
    throw new Error(`${directory} is not a directory that belongs to you alone: remove it`);
  return directory;
}

/** The number of this user outside the lab's own namespace of users, in which everybody is root. Source: user_namespaces(7). */
function outerUser(): number {
  const own = process.geteuid?.() ?? 0;
  const map = readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n');
  for (const line of map) {
    const [inside, outside, length] = line.trim().split(/\s+/).map(Number) as [number, number, number];
    if (own >= inside && own < inside + length) return outside + own - inside;
  }
  return own;
}

function isOwn(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.geteuid?.();
}
