import { spawnSync } from 'node:child_process';

/** Why this machine can't run a lab in the process of the tests; undefined when it can. */
export function cannotRunLab(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  for (const program of ['ip', 'nft', 'unshare']) if (spawnSync(program, ['--version']).error !== undefined) return `needs ${program}`;
  const { status, stderr } = spawnSync('unshare', ['--net', 'true'], { encoding: 'utf8' });
  return status === 0 ? undefined : `needs network namespaces: ${stderr.trim()}`;
}
