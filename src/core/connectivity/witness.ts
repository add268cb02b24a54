import { type Family, formatIp, type Ip } from '../net/ip.ts';
import { hasPort, type Traffic } from '../net/port-set.ts';
import { type Protocol, protocols } from '../net/protocol.ts';
import type { PolicyModel } from '../policy/policy-model.ts';
import { podId } from '../verdict/endpoint.ts';
import { isSamePod, type Party, partyAt } from '../verdict/party.ts';
import { judge } from '../verdict/verdict.ts';
import type { Judged } from './cause.ts';
import type { MatrixEntry } from './endpoints.ts';

/** One connection that shows what is meant, in the form of a flow, so that it can be asked about again. */
export interface Witness {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly port: number;
  readonly family: Family;
}

/** Two endpoints in one cluster. */
export interface Place {
  readonly model: PolicyModel;
  readonly from: MatrixEntry;
  readonly to: MatrixEntry;
}

/** A connection with the verdict, and what its ends are called. */
interface Example extends Judged {
  readonly from: string;
  readonly to: string;
}

/** The connections between some members, one for each kind of pair, with the verdict for the first port of the traffic. */
function* judgements({ model, from, to }: Place, other: Place | undefined, protocol: string, port: number): Generator<Example> {
  const models = [model, ...(other ? [other.model] : [])];
  for (const source of endsOf(models, from, to, other?.from))
    for (const destination of endsOf(models, to, from, other?.to)) {
      if (source.ip.family !== destination.ip.family || source === destination || isSamePod(source, destination)) continue;
      const connection = { from: source, to: destination, protocol, port };
      yield { connection, verdict: judge(model, connection), from: nameOf(source, from), to: nameOf(destination, to) };
    }
}

/**
 * Ends that stand for all of an endpoint toward another, and those of the pods that do in the other cluster, where the `twin` is; of external
 * addresses the first that nobody has in any of the clusters.
 */
function endsOf(models: readonly PolicyModel[], entry: MatrixEntry, other: MatrixEntry, twin: MatrixEntry | undefined): Iterable<Party> {
  const { addresses, located } = entry;
  if (addresses === undefined) {
    const names = new Set(twin && examplesOf(twin).map((example) => nameOf(example, twin)));
    const alsoThere = located.flatMap(({ id, ends }) => (names.has(id) ? ends.map(({ party }) => party) : []));
    return new Set([...examplesOf(entry), ...besideOwnNode(entry, other), ...alsoThere]);
  }
  return ([4, 6] as const).flatMap((family) =>
    addresses[family].slice(0, 1).map(([first, last]) => firstFree(models, { family, value: first }, last)),
  );
}

const examplesOf = ({ uses }: MatrixEntry): Party[] => uses.flatMap(({ examples }) => examples);

/** Of each class and family the first end that has nothing to do with the other's nodes, where others have: these are the rule, those the exception. */
function besideOwnNode({ located, at: ownAt, on: ownOn }: MatrixEntry, { at: otherAt, on: otherOn }: MatrixEntry): Iterable<Party> {
  const first = new Map<string, Party>();
  const isConcerned = [...ownOn].some((node) => otherAt.has(node)) || [...ownAt].some((node) => otherOn.has(node));
  for (const { party, at = [], on } of isConcerned ? located.flatMap(({ ends }) => ends) : []) {
    if ((on !== undefined && otherAt.has(on)) || at.some((node) => otherOn.has(node))) continue;
    const key = `${party.owner.kind === 'Pod' ? party.owner.class.key : party.owner.kind} ${party.ip.family}`;
    if (!first.has(key)) first.set(key, party);
  }
  return first.values();
}

/** The first address that nobody has; where all are somebody's, the last. In the first of the clusters. */
function firstFree(models: readonly PolicyModel[], ip: Ip, last: bigint): Party {
  for (let value = ip.value; ; value++) {
    const [party, ...elsewhere] = models.map((model) => partyAt(model, formatIp({ family: ip.family, value }))) as [Party, ...Party[]];
    if (value === last || [party, ...elsewhere].every(({ owner }) => owner.kind === 'External')) return party;
  }
}

/**
 * A connection of the traffic that the open place allows and the closed one does not; only the open one where the endpoints are not there in the
 * other, or have no addresses of the family in common.
 */
export function witnessOf(
  open: Place,
  closed: Place | undefined,
  traffic: Traffic,
): { readonly open: Example; readonly closed?: Example } | undefined {
  const { protocol, port } = portIn(traffic, open.to) ?? {};
  if (protocol === undefined || port === undefined) return undefined;
  const there = [...judgements(open, closed, protocol, port)].filter(({ verdict }) => verdict.allowed);
  if (closed === undefined) return there[0] && { open: there[0] };
  const elsewhere = new Map(Array.from(judgements(closed, open, protocol, port), (judged) => [keyOf(judged), judged]));
  for (const judged of there) {
    const same = elsewhere.get(keyOf(judged));
    if (same?.verdict.allowed === false) return { open: judged, closed: same };
  }
  // The pods of a workload have other names in another cluster.
  const strange = there.find((judged) => !elsewhere.has(keyOf(judged)));
  const denied = [...elsewhere.values()].find(({ verdict }) => !verdict.allowed);
  return strange && (denied ? { open: strange, closed: denied } : { open: strange });
}

/** A port of the traffic: one that pods of the destination declare, if one is in it, else the lowest that a service can have. */
function portIn(traffic: Traffic, { pods }: MatrixEntry): { readonly protocol: Protocol; readonly port: number } | undefined {
  const declared = pods.flatMap(({ ports }) => ports).find(({ protocol, port }) => hasPort(traffic, protocol, port));
  if (declared !== undefined) return declared;
  for (const protocol of protocols)
    for (const [first, last] of traffic[protocol]) if (last > 0) return { protocol, port: Math.max(first, 1) };
  return undefined;
}

/** Names a connection's ends. */
const keyOf = ({ connection, from, to }: Example): string => `${from} ${connection.from.ip.family} ${to}`;

/** The connection as a flow. */
export const flowOf = ({ connection: { from: source, protocol, port }, from, to }: Example): Witness => ({
  from,
  to,
  protocol,
  port,
  family: source.ip.family,
});

/** A pod of the endpoint by its id, in the network of its node, too; a node has several addresses, which policy may tell apart. */
function nameOf(end: Party, { located }: MatrixEntry): string {
  if (end.owner.kind === 'Pod') return podId(end.owner.pod);
  return located.find(({ ends }) => ends.some(({ party }) => party === end))?.id ?? end.address;
}
