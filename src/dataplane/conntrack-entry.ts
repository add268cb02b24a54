import { findAttribute, type Message, readAttributes } from './netlink.ts';
import { addressText } from './packet.ts';

/** One direction of a connection. Ports are absent where the protocol has none. */
export interface Direction {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** A connection that conntrack knows. Before NAT `reply` is `original` turned round. */
export interface Connection {
  /** The protocol's number: 6 TCP, 17 UDP, 132 SCTP. */
  readonly protocol: number;
  readonly original: Direction;
  readonly reply: Direction;
  readonly mark: number;
  /** Bits: 1 expected, 2 seen reply, 4 assured, 8 confirmed, 16 source NAT, 32 destination NAT. Source: linux/netfilter/nf_conntrack_common.h. */
  readonly status: number;
  /** The state of a TCP connection, such as `ESTABLISHED`. */
  readonly tcpState?: string;
  /** TCP whose beginning conntrack has not seen: its original direction is that of the packet that came first, which may be an answer. */
  readonly isPickedUp?: true;
}

/** Attributes of an entry. Source: linux/netfilter/nfnetlink_conntrack.h. */
export const entryAttribute = { original: 1, reply: 2, status: 3, protocolInfo: 4, mark: 8, id: 12, zone: 18, markMask: 21 } as const;
const tuple = { ip: 1, protocol: 2 } as const;
const ip = { source4: 1, destination4: 2, source6: 3, destination6: 4 } as const;
const protocol = { number: 1, sourcePort: 2, destinationPort: 3 } as const;
const tcpInfo = 1;
const tcpState = 1;
/** The flags of both directions; `beLiberal` is in both when conntrack did not see the beginning. Source: tcp_new in nf_conntrack_proto_tcp.c. */
const tcpFlags = [4, 5];
const beLiberal = 0x08;

// Source: linux/netfilter/nf_conntrack_tcp.h.
const tcpStates = ['NONE', 'SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE', 'SYN_SENT2'];

/** An entry of a dump, read as far as asked. Valid for as long as the message is. */
export class ConntrackEntry {
  readonly family: number;
  readonly #attributes: Buffer;

  constructor({ family, attributes }: Message) {
    this.family = family;
    this.#attributes = attributes;
  }

  value(type: number): Buffer | undefined {
    return findAttribute(this.#attributes, type);
  }

  get mark(): number {
    return numberOf(this.value(entryAttribute.mark));
  }

  /** Whether one of its four ends has one of the addresses, given in network order. */
  hasEnd(addresses: readonly Buffer[]): boolean {
    // Nearly all entries are done with here: the address is nowhere in their bytes.
    return (
      addresses.some((address) => this.#attributes.includes(address)) &&
      this.#ends().some((end) => addresses.some((address) => address.equals(end)))
    );
  }

  #ends(): Buffer[] {
    return [entryAttribute.original, entryAttribute.reply].flatMap((direction) => {
      const addresses = findAttribute(this.value(direction) ?? nothing, tuple.ip) ?? nothing;
      return Array.from(readAttributes(addresses), ([, value]) => value);
    });
  }

  /** Everything of it, to keep. */
  read(): Connection {
    const original = this.value(entryAttribute.original) ?? nothing;
    const tcp = findAttribute(this.value(entryAttribute.protocolInfo) ?? nothing, tcpInfo) ?? nothing;
    const state = findAttribute(tcp, tcpState);
    const isPickedUp = tcpFlags.every((flags) => ((findAttribute(tcp, flags)?.[0] ?? 0) & beLiberal) !== 0);
    return {
      protocol: findAttribute(findAttribute(original, tuple.protocol) ?? nothing, protocol.number)?.[0] ?? 0,
      original: readDirection(original),
      reply: readDirection(this.value(entryAttribute.reply) ?? nothing),
      mark: this.mark,
      status: numberOf(this.value(entryAttribute.status)),
      ...(state === undefined ? {} : { tcpState: tcpStates[state[0] ?? 0] ?? 'NONE' }),
      ...(isPickedUp && { isPickedUp }),
    };
  }
}

const nothing = Buffer.alloc(0);

const numberOf = (value: Buffer | undefined): number => (value !== undefined && value.length >= 4 ? value.readUInt32BE(0) : 0);

function readDirection(bytes: Buffer): Direction {
  const addresses = new Map(readAttributes(findAttribute(bytes, tuple.ip) ?? nothing));
  const ports = new Map(readAttributes(findAttribute(bytes, tuple.protocol) ?? nothing));
  const sourcePort = ports.get(protocol.sourcePort);
  const destinationPort = ports.get(protocol.destinationPort);
  return {
    source: addressText(addresses.get(ip.source4) ?? addresses.get(ip.source6)),
    destination: addressText(addresses.get(ip.destination4) ?? addresses.get(ip.destination6)),
    ...(sourcePort?.length === 2 ? { sourcePort: sourcePort.readUInt16BE(0) } : {}),
    ...(destinationPort?.length === 2 ? { destinationPort: destinationPort.readUInt16BE(0) } : {}),
  };
}
