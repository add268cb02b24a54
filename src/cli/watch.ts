import { watchPaths } from '#lab/watch.ts';
import { CannotAnswer } from './exit.ts';

/** Watches files from now on, for whoever comes to listen later: a change between reading and listening is not missed. */
export class Watch {
  #listener: (() => void) | undefined;
  #hasChanged = false;
  readonly #watcher: { close(): void } | Error;

  constructor(paths: readonly string[]) {
    this.#watcher = watchIfPossible(paths, () => {
      this.#hasChanged = true;
      this.#listener?.();
    });
  }

  /** Calls `listener` for every change, and at once when there has been one. */
  listen(listener: () => void): void {
    if (this.#watcher instanceof Error) throw new CannotAnswer(`the files can't be watched: ${this.#watcher.message}`);
    this.#listener = listener;
    if (this.#hasChanged) listener();
  }

  close(): void {
    if (!(this.#watcher instanceof Error)) this.#watcher.close();
  }
}

/** A path that is not there can't be watched; whoever reads it says so better. */
function watchIfPossible(paths: readonly string[], onChange: () => void): { close(): void } | Error {
  try {
    return watchPaths(paths, onChange);
  } catch (error) {
    return error as Error;
  }
}
