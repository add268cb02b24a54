import { createSocket, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import { isObject } from '#core/api/reader.ts';

/** A connection to try from where this program runs. */
export interface Probe {
  /** An address. */
  readonly to: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** `open`: somebody answered; `silent`: nobody did; else the errno with which it was refused. */
export type Probed = string;

/** How long an answer may take, in milliseconds, and how often it is asked for: one packet may get lost. */
const patience = 1000;
const attempts = 3;
/** How many are under way at once. */
const most = 64;

export const isProbe = (value: unknown): value is Probe =>
  isObject(value) &&
  typeof value.to === 'string' &&
  typeof value.port === 'number' &&
  (value.protocol === 'TCP' || value.protocol === 'UDP');

/** Tries all, side by side. */
export async function tryAll(probes: readonly Probe[]): Promise<Probed[]> {
  const results: Probed[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < probes.length; index = next++) results[index] = await tryOne(probes[index]!);
  };
  await Promise.all(Array.from({ length: most }, work));
  return results;
}

async function tryOne(probe: Probe): Promise<Probed> {
  let last: Probed = 'silent';
  for (let attempt = 0; attempt < attempts && last !== 'open'; attempt++)
    last = await (probe.protocol === 'TCP' ? connectTo(probe) : askOf(probe));
  return last;
}

function connectTo({ to: host, port }: Probe): Promise<Probed> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: patience });
    const end = (result: Probed): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end('open'));
    socket.once('timeout', () => end('silent'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(code === 'ETIMEDOUT' ? 'silent' : (code ?? 'failed')));
  });
}

/** A question of DNS for the root's name servers: what listens on port 53 answers nothing else. Source: RFC 1035, section 4.1. */
const dnsQuestion = Buffer.from('5350010000010000000000000000020001', 'hex');
/** Test servers answer this, echo servers anything. */
const anything = Buffer.from('hostname\n');

function askOf({ to, port }: Probe): Promise<Probed> {
  return new Promise((resolve) => {
    const socket: Socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    const timer = setTimeout(() => end('silent'), patience);
    const end = (result: Probed): void => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    socket.once('message', () => end('open'));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(code ?? 'failed'));
    // Only a socket with one peer hears that it is refused.
    socket.connect(port, to, () => socket.send(port === 53 ? dnsQuestion : anything));
  });
}
