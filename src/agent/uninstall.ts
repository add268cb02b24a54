import type { Kernel } from './kernel.ts';

/**
 * Takes everything of ours off the machine: the table, and our bits off the marks of live connections, which a later installation would believe.
 * Returns whether there was anything. No agent may run meanwhile: it would put the table back.
 */
export async function uninstall(kernel: Kernel, markMask: number): Promise<boolean> {
  const wasThere = await kernel.remove();
  if (markMask !== 0) await kernel.clearMarks(markMask);
  return wasThere;
}
