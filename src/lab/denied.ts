import type { Family } from '#core/net/ip.ts';
import { frame } from '#core/ruleset/frame.ts';
import { table } from '#core/ruleset/types.ts';
import { NftError } from '#dataplane/nft-error.ts';
import { runNft } from '#dataplane/nft-process.ts';
import type { SocketAddress } from './system-calls.ts';

/** Connections that rulesets have dropped lately, as `deniedKey` writes them. */
export type DeniedConnections = ReadonlySet<string>;

/** The text of a connection: its source before, its destination after translation. */
export const deniedKey = (protocol: string, from: SocketAddress, to: SocketAddress): string =>
  `${protocol.toLowerCase()}|${from.ip}|${from.port}|${to.ip}|${to.port}`;

/** What a node's ruleset, built with a witness, has recorded of what it dropped in the last seconds. Nothing when there is no ruleset. */
export async function readDenied(namespace: number, family: Family): Promise<string[]> {
  const [tableFamily, tableName] = table.split(' ') as [string, string];
  try {
    const listing = await runNft({ namespace }, ['-j', 'list', 'set', tableFamily, tableName, frame.denied(family)]);
    return (JSON.parse(listing) as SetListing).nftables.flatMap(({ set }) => (set?.elem ?? []).map(keyOf));
  } catch (error) {
    if (error instanceof NftError && error.kind === 'not-found') return [];
    throw error;
  }
}

type Concatenation = { concat: [source: string, destination: string, protocol: string, sourcePort: number, destinationPort: number] };

/** The part of nft's answer that is read. Source: libnftables-json(5). */
interface SetListing {
  nftables: { set?: { elem?: ({ elem: { val: Concatenation } } | Concatenation)[] } }[];
}

function keyOf(element: { elem: { val: Concatenation } } | Concatenation): string {
  const [source, destination, protocol, sourcePort, destinationPort] = ('elem' in element ? element.elem.val : element).concat;
  return deniedKey(protocol, { ip: source, port: sourcePort }, { ip: destination, port: destinationPort });
}
