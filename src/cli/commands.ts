import type { Command } from 'commander';

/** A command before it is loaded: enough for the list of commands. */
export interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly hidden?: true;
  /** Loads the command's own module; only the command that is called pays for what it imports. */
  readonly load: () => Promise<{ readonly define: (command: Command) => void }>;
}

/** Every command, in the order of the help. */
export const entries: readonly Entry[] = [
  { name: 'completion', summary: 'completion for your shell', load: () => import('./completion.ts') },
  { name: 'version', summary: 'which Sallyport this is', load: () => import('./version.ts') },
];
