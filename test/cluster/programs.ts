import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The clone that this is. */
export const clone = join(import.meta.dirname, '../..');
/** Where everything that is built and started here has its place. */
export const home = join(clone, 'build/cluster');
/** Where `build.sh` leaves what it has built. */
export const programs = join(home, 'bin');

/** Why no control plane can be started here, for the skip of a test; undefined where one can. */
export function cannotRunControlPlane(): string | undefined {
  if (['etcd', 'kube-apiserver', 'kubectl'].some((program) => !existsSync(join(programs, program))))
    return 'needs the API server: make apiserver';
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs openssl';
  }
}
