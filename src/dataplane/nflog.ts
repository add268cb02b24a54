import { constants } from 'node:os';
import { SystemCallError } from './libc.ts';
import { MissingNeed } from './need.ts';
import { flags, type Message, NetlinkSocket, readAttributes } from './netlink.ts';
import { NetlinkWriter } from './netlink-writer.ts';
import { type PacketEnds, readPacket } from './packet.ts';

/** A packet that a rule logged, `log group N prefix "..."`. */
export interface LoggedPacket extends PacketEnds {
  /** The text of the rule, at most 127 bytes. */
  readonly prefix: string;
  /** Numbers of interfaces; absent where the hook has none. */
  readonly inputInterface?: number;
  readonly outputInterface?: number;
}

const nflog = 4;
const message = { packet: nflog << 8, configure: (nflog << 8) | 1 } as const;
const setting = { command: 1, mode: 2, timeout: 4, flags: 6 } as const;
const bind = 1;
const copyPacket = 2;
const withSequence = 1;
const attribute = { inputInterface: 4, outputInterface: 5, payload: 9, prefix: 10, sequence: 12 } as const;
/** Bytes of each packet that are copied: the longest header we look at, with IPv6 extensions. */
const copied = 128;
/** The kernel waits this long for more packets before it hands them over, in hundredths of a second. */
const patience = 1;
const room = 4 * 1024 * 1024;

/** Receives what rules log to one group. One receiver for each group and network namespace. Needs koffi and root. */
export class PacketLog {
  readonly #socket: NetlinkSocket;
  #next: number | undefined;
  #lost = 0;

  /** `namespace` is the file descriptor of a network namespace; this process' own when absent. Throws when the group is taken. */
  constructor(group: number, namespace?: number) {
    this.#socket = new NetlinkSocket(namespace);
    try {
      this.#socket.makeRoom(room);
      this.#configure(group, (writer) => writer.value(setting.command, Buffer.of(bind)));
      this.#configure(group, (writer) => {
        writer.value(setting.mode, Buffer.of(0, 0, 0, copied, copyPacket, 0));
        writer.number(setting.timeout, patience);
        writer.value(setting.flags, Buffer.of(0, withSequence));
      });
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** How many packets were logged, but came faster than they were read; known when the next one arrives. */
  get lost(): number {
    return this.#lost;
  }

  /** The packets logged since the last call, some more than `most` at the most; never waits. Call it some times a second. */
  read(most = Number.POSITIVE_INFINITY): LoggedPacket[] {
    const packets: LoggedPacket[] = [];
    while (packets.length < most) {
      const messages = this.#receive();
      if (messages === undefined) break;
      for (const { type, attributes } of messages) if (type === message.packet) packets.push(this.#readPacket(attributes));
    }
    return packets;
  }

  close(): void {
    this.#socket.close();
  }

  #receive(): Message[] | undefined {
    for (;;) {
      try {
        return this.#socket.receive();
      } catch (error) {
        // The receive buffer was full: the sequence numbers tell how many are lost.
        if (!(error instanceof SystemCallError && error.code === 'ENOBUFS')) throw error;
      }
    }
  }

  #configure(group: number, write: (writer: NetlinkWriter) => void): void {
    const writer = new NetlinkWriter();
    const header = { type: message.configure, flags: flags.request | flags.ack, sequence: 0, family: 0, resource: group };
    writer.message(header, () => write(writer));
    this.#socket.send(writer.bytes);
    const status = this.#socket.receive()?.find((answer) => answer.status !== undefined)?.status ?? constants.errno.ENODATA;
    if (status === 0) return;
    const error = new SystemCallError(`receiving log group ${group}`, status);
    throw error.code === 'EPERM'
      ? new MissingNeed('root', `the packet log needs root, or a group that nobody else reads (${error.message})`)
      : error;
  }

  #readPacket(bytes: Buffer): LoggedPacket {
    const attributes = new Map(readAttributes(bytes));
    const input = attributes.get(attribute.inputInterface);
    const output = attributes.get(attribute.outputInterface);
    this.#count(attributes.get(attribute.sequence));
    return {
      prefix: attributes.get(attribute.prefix)?.toString('utf8').replace(/\0.*/s, '') ?? '',
      ...readPacket(attributes.get(attribute.payload) ?? Buffer.alloc(0)),
      ...(input === undefined ? {} : { inputInterface: input.readUInt32BE(0) }),
      ...(output === undefined ? {} : { outputInterface: output.readUInt32BE(0) }),
    };
  }

  #count(sequence: Buffer | undefined): void {
    if (sequence?.length !== 4) return;
    const number = sequence.readUInt32BE(0);
    if (this.#next !== undefined) this.#lost += (number - this.#next) >>> 0;
    this.#next = (number + 1) >>> 0;
  }
}
