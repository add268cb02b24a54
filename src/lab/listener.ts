import type { Family } from '#core/net/ip.ts';
import type { Protocol } from '#core/net/protocol.ts';
import { withNamespace } from '#dataplane/namespace.ts';
import type { Reactor } from '#dataplane/reactor.ts';
import { SctpEndpoint } from './sctp-endpoint.ts';
import {
  acceptSocket,
  bindSocket,
  closeSocket,
  lastPeer,
  listenOn,
  openSocket,
  receiveDatagram,
  replyBytes,
  reuseAddress,
  type SocketAddress,
  sendBytes,
  widenReceiveBuffer,
} from './system-calls.ts';

/** Where a listener is: an address in a namespace. */
export interface Site {
  /** The namespace that has the address, as a descriptor. */
  readonly namespace: number;
  readonly address: string;
}

/** What becomes of a connection that is not to be answered and closed like all others. */
export interface Holder {
  /** A TCP connection has come in; the socket is the holder's to close. */
  accepted?(fd: number): void;
  /** A datagram has come in on the listener; its bytes are valid until this returns. */
  received?(bytes: Uint8Array, listener: number): void;
}

/** How much one listener takes before others get their turn. */
const mostConnections = 64;
const mostDatagrams = 1024;

/**
 * What answers in a lab, all in this one process. TCP: who it is, in a line, and the end. UDP: what was sent, with who it is behind.
 * SCTP: who it is, in the cookie of the answer to INIT.
 */
export class Listeners {
  readonly #reactor: Reactor;
  readonly #identities = new Map<string, string>();
  readonly #sockets = new Map<string, number[]>();
  readonly #sctp = new Map<string, SctpEndpoint>();
  readonly #holders = new Map<string, Holder>();

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  /** Opens a listener unless one is there. Returns who answers on that port: `identity`, or who was there first. */
  open(site: Site, protocol: Protocol, port: number, identity: string): string {
    const key = `${protocol} ${site.address} ${port}`;
    const present = this.#identities.get(key);
    if (present !== undefined) return present;
    if (protocol === 'SCTP') this.sctpAt(site).listen(port, identity);
    else this.#listen(site, protocol, port, identity);
    this.#identities.set(key, identity);
    return identity;
  }

  /** The raw SCTP socket of an address. */
  sctpAt({ namespace, address }: Site): SctpEndpoint {
    let endpoint = this.#sctp.get(address);
    if (endpoint === undefined) {
      endpoint = withNamespace(namespace, () => new SctpEndpoint(this.#reactor, address));
      this.#sctp.set(address, endpoint);
    }
    return endpoint;
  }

  /** Gives connections from that client's address and port to the holder. Returns what ends that. */
  hold(protocol: 'TCP' | 'UDP', client: SocketAddress, holder: Holder): () => void {
    const key = `${protocol} ${client.ip} ${client.port}`;
    this.#holders.set(key, holder);
    return () => this.#holders.delete(key);
  }

  /** Closes all listeners of an address. */
  closeAt(address: string): void {
    for (const fd of this.#sockets.get(address) ?? []) {
      this.#reactor.forget(fd);
      closeSocket(fd);
    }
    this.#sockets.delete(address);
    this.#sctp.get(address)?.close();
    this.#sctp.delete(address);
    for (const key of this.#identities.keys()) if (key.split(' ')[1] === address) this.#identities.delete(key);
  }

  close(): void {
    for (const address of new Set([...this.#sockets.keys(), ...this.#sctp.keys()])) this.closeAt(address);
  }

  #listen({ namespace, address }: Site, protocol: 'TCP' | 'UDP', port: number, identity: string): void {
    const family: Family = address.includes(':') ? 6 : 4;
    const answer = new TextEncoder().encode(`${identity}\n`);
    const fd = withNamespace(namespace, () => openSocket(family, protocol === 'TCP' ? 'stream' : 'datagram'));
    try {
      if (protocol === 'TCP') reuseAddress(fd);
      bindSocket(fd, { ip: address, port });
      if (protocol === 'TCP') listenOn(fd);
      else widenReceiveBuffer(fd);
    } catch (error) {
      closeSocket(fd);
      throw error;
    }
    this.#sockets.set(address, [...(this.#sockets.get(address) ?? []), fd]);
    this.#reactor.watch(fd, protocol === 'TCP' ? () => this.#accept(fd, answer) : () => this.#echo(fd, answer));
  }

  #accept(listener: number, answer: Uint8Array): void {
    for (let count = 0; count < mostConnections; count++) {
      const fd = acceptSocket(listener);
      if (fd === undefined) return;
      sendBytes(fd, answer);
      const holder = this.#holderOf('TCP');
      if (holder?.accepted === undefined) closeSocket(fd);
      else holder.accepted(fd);
    }
  }

  #echo(listener: number, answer: Uint8Array): void {
    for (let count = 0; count < mostDatagrams; count++) {
      const bytes = receiveDatagram(listener);
      if (typeof bytes === 'string') return;
      const holder = this.#holderOf('UDP');
      if (holder?.received === undefined) replyBytes(listener, Buffer.concat([bytes, answer]));
      else holder.received(bytes, listener);
    }
  }

  #holderOf(protocol: 'TCP' | 'UDP'): Holder | undefined {
    if (this.#holders.size === 0) return undefined;
    const { ip, port } = lastPeer();
    return this.#holders.get(`${protocol} ${ip} ${port}`);
  }
}
