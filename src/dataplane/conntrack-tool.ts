import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { parseIp } from '#core/net/ip.ts';
import { MissingNeed } from './need.ts';

const execute = promisify(execFile);

/** What `conntrack -D` calls the four ends: source and destination of the original direction, then of the reply. */
const ends = ['-s', '-d', '-r', '-q'];

/** Deletes the conntrack entries of addresses with the `conntrack` tool, for machines without koffi. Returns how many. Needs root. */
export async function forgetWithTool(addresses: readonly string[]): Promise<number> {
  let deleted = 0;
  for (const address of addresses) {
    const family = parseIp(address)?.family === 6 ? 'ipv6' : 'ipv4';
    for (const end of ends) deleted += await forget(['-D', '-f', family, end, address]);
  }
  return deleted;
}

async function forget(args: readonly string[]): Promise<number> {
  try {
    const { stderr } = await execute('conntrack', args, { env: { ...process.env, LC_ALL: 'C' } });
    return Number(/(\d+) flow entries have been deleted/.exec(stderr)?.[1] ?? 0);
  } catch (cause) {
    const { code, stderr } = cause as { code?: string | number; stderr?: string };
    if (code === 'ENOENT') {
      throw new MissingNeed(
        'conntrack',
        'deleting conntrack entries needs the package `koffi` or the tool `conntrack` (`apt install conntrack`)',
        { cause },
      );
    }
    // It also fails when there is nothing to delete.
    if (stderr?.includes(' 0 flow entries have been deleted')) return 0;
    if (stderr?.includes('Operation')) throw new MissingNeed('root', 'conntrack needs root, or CAP_NET_ADMIN in its namespace', { cause });
    throw cause;
  }
}
