/** What a run of checks and tests came to. */
export interface Total {
  passed: number;
  failed: number;
  /** What could not run here, with the reason in words. */
  skipped: { name: string; reason: string }[];
}

/** The closing lines of `make test`: what was skipped, and `N passed, N failed` last. */
export function formatTotal({ passed, failed, skipped }: Total): string {
  const lines = skipped.map(({ name, reason }) => `skipped: ${name} (${reason})`);
  return [...lines, `${passed} passed, ${failed} failed`, ''].join('\n');
}
