import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** How long nothing may happen before a change counts as complete, in milliseconds: editors write a file in several steps. */
const pause = 20;

/**
 * Calls `onChange` some milliseconds after files under the paths have changed, come or gone; directories are watched with all below them.
 * Standard input (`-`) never changes. Returns what ends it.
 */
export function watchPaths(paths: readonly string[], onChange: () => void): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  const touch = (): void => {
    clearTimeout(timer);
    timer = setTimeout(onChange, pause);
  };
  const watchers = paths.filter((path) => path !== '-').map((path) => watchPath(path, touch));
  const close = (): void => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
  return { close };
}

function watchPath(path: string, touch: () => void): FSWatcher {
  const isDirectory = statSync(path).isDirectory();
  // Editors put a new file in the place of the old one: only the directory sees that.
  const watcher = isDirectory
    ? watch(path, { recursive: true }, touch)
    : watch(dirname(path), (_, name) => {
        if (name === null || name === basename(path)) touch();
      });
  // What can't be watched any more has changed: reading it will say why.
  return watcher.on('error', touch);
}
