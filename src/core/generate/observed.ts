import { canonicalIp } from '../net/ip.ts';
import { protocols } from '../net/protocol.ts';
import type { Flow } from '../verdict/check.ts';
import { type Drop, subjectOf } from '../verdict/drop.ts';

/** Flows that were seen to pass, each once, in the order in which they were first seen. */
export interface Observed {
  readonly flows: readonly Flow[];
  /** How many records are of no use: replies, what did not pass, protocols that rules can't name. */
  readonly passedOver: number;
}

/**
 * The flows of a text that Hubble (`hubble observe -o json`) or conntrack (`conntrack -L`) has written, or those that `sallyport drops -o json` tells
 * of; undefined for any other text.
 */
export function observedFlows(text: string): Observed | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const [first = ''] = lines;
  if (isConntrack(first)) return gathered(lines.map(conntrackFlow));
  const records = lines.map(recordOf);
  const [record] = records;
  if (record !== undefined && isDropLine(record)) return gathered(records.map((each) => each && dropFlow(each)));
  if (record === undefined || !isHubble(record)) return undefined;
  return gathered(records.map((each) => each && hubbleFlow(each)));
}

function gathered(found: readonly (Flow | undefined)[]): Observed {
  const flows = found.filter((flow) => flow !== undefined);
  const distinct = new Map(flows.map((flow) => [JSON.stringify(flow), flow]));
  return { flows: [...distinct.values()], passedOver: found.length - flows.length };
}

const isConntrack = (line: string): boolean => /^(?:ipv[46]\s+\d+\s+)?[a-z]+\w*\s+\d+\s.*\bsrc=\S+ dst=\S+/.test(line);

/**
 * An entry has the connection as it was opened, then as it is answered: who answers is who was reached after translation. One that was never
 * answered is no connection. Source: conntrack(8).
 */
function conntrackFlow(line: string): Flow | undefined {
  const protocol = /\b(tcp|udp|sctp)\b/.exec(line)?.[1]?.toUpperCase();
  const [opened, answered] = Array.from(line.matchAll(/src=(\S+) dst=\S+ sport=(\d+) dport=\d+/g), ([, source = '', port]) => ({
    address: canonicalIp(source),
    port: Number(port),
  }));
  if (protocol === undefined || line.includes('[UNREPLIED]') || opened?.address === undefined || answered?.address === undefined)
    return undefined;
  return { from: opened.address, to: answered.address, protocol, port: answered.port };
}

/** What is read of a flow of Hubble. Source: api/v1/flow/flow.proto in Cilium. */
interface HubbleFlow {
  readonly verdict?: unknown;
  readonly is_reply?: unknown;
  readonly Type?: unknown;
  readonly IP?: { readonly source?: unknown; readonly destination?: unknown };
  readonly l4?: Readonly<Record<string, { readonly destination_port?: unknown } | undefined>>;
  readonly source?: HubbleEnd;
  readonly destination?: HubbleEnd;
}

interface HubbleEnd {
  readonly namespace?: unknown;
  readonly pod_name?: unknown;
  readonly workloads?: readonly { readonly name?: unknown; readonly kind?: unknown }[];
}

/** The flow of a line, which stands in an envelope or, of older versions, by itself. */
function recordOf(line: string): HubbleFlow | undefined {
  try {
    const value = JSON.parse(line) as { readonly flow?: HubbleFlow } & HubbleFlow;
    return typeof value === 'object' && value !== null ? (value.flow ?? value) : undefined;
  } catch {
    return undefined;
  }
}

const isDropLine = (line: object): boolean => 'missed' in line || ('audit' in line && 'packets' in line);

/** Of what was denied or told of, whatever rules can name. Whether it is wanted, whoever gives the list has said. */
function dropFlow(line: object): Flow | undefined {
  if (!('from' in line)) return undefined;
  const { from, to, protocol, port } = line as Drop;
  if (!(protocols as readonly string[]).includes(protocol)) return undefined;
  return { from: subjectOf(from), to: subjectOf(to), protocol, port };
}

const isHubble = ({ verdict, IP }: HubbleFlow): boolean => verdict !== undefined && IP !== undefined;

function hubbleFlow({ verdict, is_reply: isReply, Type, IP, l4, source, destination }: HubbleFlow): Flow | undefined {
  // What a socket was translated to is told by the packets that follow.
  if (verdict !== 'FORWARDED' || isReply === true || Type === 'SOCK') return undefined;
  const protocol = ['TCP', 'UDP', 'SCTP'].find((each) => l4?.[each] !== undefined);
  const port = protocol && l4?.[protocol]?.destination_port;
  const [from, to] = [endOf(source, IP?.source), endOf(destination, IP?.destination)];
  if (protocol === undefined || typeof port !== 'number' || from === undefined || to === undefined) return undefined;
  return { from, to, protocol, port };
}

/** The workload, which outlasts its pods; else the pod, else the address. */
function endOf({ namespace, pod_name: pod, workloads }: HubbleEnd = {}, address: unknown): string | undefined {
  const [workload] = workloads ?? [];
  if (typeof namespace === 'string' && namespace !== '') {
    if (typeof workload?.name === 'string' && typeof workload.kind === 'string') return `${namespace}/${workload.kind}/${workload.name}`;
    if (typeof pod === 'string' && pod !== '') return `${namespace}/${pod}`;
  }
  return typeof address === 'string' ? canonicalIp(address) : undefined;
}
