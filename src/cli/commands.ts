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
  { name: 'check', summary: 'may this connection be made, and why', load: () => import('./check.ts') },
  { name: 'matrix', summary: 'who can reach whom, and on what', load: () => import('./matrix.ts') },
  { name: 'diff', summary: 'what a change opens and closes', load: () => import('./diff.ts') },
  { name: 'lint', summary: 'faults and smells of policies', load: () => import('./lint.ts') },
  { name: 'test', summary: 'connectivity tests, kept beside the policies', load: () => import('./test.ts') },
  { name: 'generate', summary: 'policies to begin with', load: () => import('./generate.ts') },
  { name: 'simplify', summary: 'policies with fewer rules that mean the same', load: () => import('./simplify.ts') },
  { name: 'docs', summary: 'what policies mean, in Markdown', load: () => import('./docs.ts') },
  { name: 'ruleset', summary: 'the nftables script that a node gets', load: () => import('./ruleset.ts') },
  { name: 'lab', summary: 'the cluster on this machine, with real packets', load: () => import('./lab.ts') },
  { name: 'agent', summary: 'enforce the policies of a cluster on this node', load: () => import('./agent.ts') },
  { name: 'drops', summary: 'which connections are denied, as it happens', load: () => import('./drops.ts') },
  { name: 'uninstall', summary: 'take everything of Sallyport off this node', load: () => import('./uninstall.ts') },
  { name: 'doctor', summary: 'what could hinder enforcement, on this node or in a cluster', load: () => import('./doctor.ts') },
  { name: 'status', summary: 'which policies are enforced, on which nodes, since when', load: () => import('./status.ts') },
  { name: 'wait', summary: 'wait until policies are enforced', load: () => import('./wait.ts') },
  { name: 'probe', summary: 'open connections, for test --live', hidden: true, load: () => import('./probe.ts') },
  { name: 'lsp', summary: 'a language server for editors', load: () => import('./lsp.ts') },
  { name: 'completion', summary: 'completion for your shell', load: () => import('./completion.ts') },
  { name: 'version', summary: 'which Sallyport this is', load: () => import('./version.ts') },
];
