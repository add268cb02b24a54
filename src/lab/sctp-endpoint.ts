import type { Family } from '#core/net/ip.ts';
import type { Reactor } from '#dataplane/reactor.ts';
import { decodePacket, encodePacket, type SctpPacket } from './sctp-packet.ts';
import {
  bindSocket,
  closeSocket,
  openSocket,
  receiveDatagram,
  replyBytes,
  sctpProtocol,
  sendBytesTo,
  widenReceiveBuffer,
} from './system-calls.ts';

/** What answered an INIT: the identity in the cookie of an INIT ACK, or a refusal. */
export type SctpAnswer = { readonly identity: string } | { readonly failure: string };

/**
 * SCTP of one address on a raw socket, for kernels without SCTP sockets: packets are ours, conntrack and rules are the kernel's.
 * It answers INIT for ports that it listens on, refuses others, and says who answered the INITs that it sends.
 */
export class SctpEndpoint {
  readonly #reactor: Reactor;
  readonly #fd: number;
  readonly #address: string;
  readonly #identities = new Map<number, string>();
  readonly #waiting = new Map<number, (answer: SctpAnswer) => void>();

  /** Call it with this thread inside the namespace that has the address. */
  constructor(reactor: Reactor, address: string) {
    this.#reactor = reactor;
    this.#address = address;
    this.#fd = openSocket(this.#family, 'raw', sctpProtocol);
    bindSocket(this.#fd, { ip: address, port: 0 });
    widenReceiveBuffer(this.#fd);
    reactor.watch(this.#fd, () => this.#receive());
  }

  get #family(): Family {
    return this.#address.includes(':') ? 6 : 4;
  }

  /** Answers on a port with this identity. */
  listen(port: number, identity: string): void {
    this.#identities.set(port, identity);
  }

  /** Sends an INIT, and again with each call for the same port. Returns the errno's name when the kernel refuses. */
  sendInit(sourcePort: number, destination: string, destinationPort: number): string | undefined {
    // The tag only has to differ from 0: no association ever comes of it.
    const init = encodePacket({ sourcePort, destinationPort, verificationTag: 0, chunk: 'INIT', initiateTag: sourcePort });
    return sendBytesTo(this.#fd, init, { ip: destination, port: 0 });
  }

  /** Calls `visit` when something answers to the port; undefined to hear no more. */
  expect(sourcePort: number, visit: ((answer: SctpAnswer) => void) | undefined): void {
    if (visit === undefined) this.#waiting.delete(sourcePort);
    else this.#waiting.set(sourcePort, visit);
  }

  close(): void {
    this.#reactor.forget(this.#fd);
    closeSocket(this.#fd);
  }

  #receive(): void {
    for (let count = 0; count < 64; count++) {
      const datagram = receiveDatagram(this.#fd);
      if (typeof datagram === 'string') return;
      // A raw socket of IPv4 hands out the IP header too; its length stands in its first byte.
      const header = this.#family === 4 ? (datagram[0]! & 15) * 4 : 0;
      const packet = decodePacket(datagram.subarray(header));
      if (packet !== undefined) this.#answer(packet);
    }
  }

  #answer(packet: SctpPacket): void {
    if (packet.chunk === 'INIT') this.#answerInit(packet);
    else if (packet.verificationTag === packet.destinationPort) {
      const answer = packet.chunk === 'ABORT' ? { failure: 'ECONNREFUSED' } : { identity: new TextDecoder().decode(packet.cookie) };
      this.#waiting.get(packet.destinationPort)?.(answer);
    }
  }

  #answerInit({ sourcePort, destinationPort, initiateTag = 0 }: SctpPacket): void {
    const identity = this.#identities.get(destinationPort);
    const back = { sourcePort: destinationPort, destinationPort: sourcePort, verificationTag: initiateTag };
    const answer: SctpPacket =
      identity === undefined
        ? { ...back, chunk: 'ABORT' }
        : { ...back, chunk: 'INIT ACK', initiateTag: destinationPort, cookie: new TextEncoder().encode(identity) };
    replyBytes(this.#fd, encodePacket(answer));
  }
}
