/**
 * Flags of Node for agent processes. A small young generation costs the first sync a tenth of a second and keeps some 30 MiB off every node, since the
 * heap is collected before it spreads.
 */
export const agentFlags: readonly string[] = ['--max-semi-space-size=1'];
