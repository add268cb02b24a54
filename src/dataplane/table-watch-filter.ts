const [loadWord, loadHalf, loadByte] = [0x20, 0x28, 0x30];
const jumpIfEqual = 0x15;
const accept = 0x06;

// Where things stand in a datagram: the headers of netlink and of netfilter, then the first attribute, which names the table.
const typeAt = 4;
const senderAt = 12;
const nameAt = 24;

/** Which datagrams a watch of a table is woken by, going by their first message. */
export interface TableWatchFilter {
  /** Types of messages that count whichever table they are of: others may follow in the same datagram. */
  readonly always: readonly number[];
  /** Types of messages that count when they are of the table. */
  readonly ofTable: readonly number[];
  readonly table: string;
  /** The sender that is never listened to. */
  readonly except: number;
}

/** The classic filter program that lets those datagrams pass, and nothing else. Source: linux/filter.h. */
export function tableWatchFilter({ always, ofTable, table, except }: TableWatchFilter): Buffer {
  const name = Buffer.from(`${table}\0`);
  // What follows the questions about types: two instructions for each byte of the name, then yes, then no.
  const yes = 4 + always.length + ofTable.length + 2 * name.length;
  const no = yes + 1;
  const program: Instruction[] = [
    [loadWord, senderAt],
    [jumpIfEqual, inNetworkOrder(except, 4), no],
    [loadHalf, typeAt],
  ];
  for (const type of always) program.push([jumpIfEqual, inNetworkOrder(type, 2), yes]);
  const named = program.length + ofTable.length + 1;
  for (const type of ofTable) program.push([jumpIfEqual, inNetworkOrder(type, 2), named]);
  program.push([accept, 0]);
  for (const [index, byte] of name.entries()) program.push([loadByte, nameAt + index], [jumpIfEqual, byte, undefined, no]);
  program.push([accept, 0xffff], [accept, 0]);
  return assemble(program);
}

/** Code and operand; for a question, where to go on if yes and if no, which otherwise is the next instruction. */
type Instruction = readonly [code: number, operand: number, ifTrue?: number | undefined, ifFalse?: number];

function assemble(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  for (const [index, [code, operand, ifTrue = index + 1, ifFalse = index + 1]] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * index);
    bytes.writeUInt8(ifTrue - index - 1, 8 * index + 2);
    bytes.writeUInt8(ifFalse - index - 1, 8 * index + 3);
    bytes.writeUInt32LE(operand, 8 * index + 4);
  }
  return bytes;
}

/** Netlink writes numbers in the machine's order; filters read them in that of the network. */
function inNetworkOrder(value: number, size: 2 | 4): number {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(value, 0, size);
  return bytes.readUIntBE(0, size);
}
