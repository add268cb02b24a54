import fc from 'fast-check';
import { PbfWriter } from 'pbf';
import { describe, expect, test } from 'vitest';
import { readersOfObjects } from './protobuf-fields.ts';
import { ProtobufScanner, statusIn } from './protobuf-scanner.ts';
import { pods } from './resource.ts';

const readPod = readersOfObjects.get(pods)!;

/** A message with these fields, each a text, a number, or a message. */
type Written = readonly (readonly [number: number, value: string | number | boolean | Written])[];

function write(fields: Written, writer: PbfWriter): void {
  // Its own writing of texts takes some characters beyond U+FFFF for others.
  for (const [number, value] of fields)
    if (typeof value === 'string') writer.writeBytesField(number, Buffer.from(value));
    else if (typeof value === 'number') writer.writeVarintField(number, value);
    else if (typeof value === 'boolean') writer.writeBooleanField(number, value);
    else writer.writeMessage(number, write, value);
}

/** The bytes that an API server sends for it. */
function sent(kind: string, raw: Written): Buffer {
  const writer = new PbfWriter();
  const type: Written = [
    [1, 'v1'],
    [2, kind],
  ];
  write(
    [
      [1, type],
      [2, raw],
      [3, ''],
      [4, ''],
    ],
    writer,
  );
  return Buffer.concat([Buffer.from('k8s\0'), writer.finish()]);
}

const sentBytes = (bytes: readonly number[]): Buffer => Buffer.concat([Buffer.from('k8s\0'), Buffer.from(bytes)]);

/** What a scanner makes of bytes that come in pieces of these sizes, again and again. */
function scan(bytes: Buffer, sizes: readonly number[] = [bytes.length || 1]): { items: unknown[]; frame: unknown; starts: unknown[] } {
  const items: unknown[] = [];
  const starts: unknown[] = [];
  const scanner = new ProtobufScanner(
    readPod,
    (item) => items.push(item),
    ({ metadata }) => starts.push([items.length, metadata]),
  );
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!;
    scanner.push(bytes.subarray(at, at + size));
    at += size;
  }
  return { items, frame: scanner.end(), starts };
}

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 });
const pod = fc.record({
  name,
  labels: fc.dictionary(name, fc.string(), { maxKeys: 3, noNullPrototype: true }),
  node: fc.string(),
  hostNetwork: fc.boolean(),
});
type DrawnPod = typeof pod extends fc.Arbitrary<infer T> ? T : never;

const writtenPod = ({ name, labels, node, hostNetwork }: DrawnPod): Written => [
  [
    1,
    [
      [1, name],
      [3, 'shop'],
      ...Object.entries(labels).map(
        ([key, value]) =>
          [
            11,
            [
              [1, key],
              [2, value],
            ],
          ] as const,
      ),
      [17, [[1, 'kubectl']]],
    ],
  ],
  [
    2,
    [
      [8, 'default'],
      [10, node],
      [11, hostNetwork],
    ],
  ],
];

const readPodOf = ({ name, labels, node, hostNetwork }: DrawnPod): unknown => ({
  metadata: { name, namespace: 'shop', ...(Object.keys(labels).length > 0 && { labels }) },
  spec: { ...(node !== '' && { nodeName: node }), ...(hostNetwork && { hostNetwork }) },
});

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 });
const listOf = (items: readonly Written[]): Buffer =>
  sent('PodList', [
    [
      1,
      [
        [2, '7'],
        [3, 'next'],
        [4, 3],
      ],
    ],
    ...items.map((item) => [2, item] as const),
  ]);

test('the items and the rest of any list, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(fc.array(pod, { maxLength: 4 }), sizes, (drawn, pieces) => {
      const metadata = { resourceVersion: '7', continue: 'next', remainingItemCount: 3 };
      expect(scan(listOf(drawn.map(writtenPod)), pieces)).toEqual({
        items: drawn.map(readPodOf),
        frame: { apiVersion: 'v1', kind: 'PodList', metadata, items: [] },
        starts: [[0, metadata]],
      });
    }),
  );
});

test('a list that ends too soon is none', () => {
  const whole = listOf([writtenPod({ name: 'web', labels: {}, node: 'n1', hostNetwork: false })]);
  // Without the two empty fields at the end of the envelope it is whole, too.
  const ends = [whole.length, whole.length - 2, whole.length - 4];
  for (let length = 0; length < whole.length; length++)
    if (!ends.includes(length)) expect(() => scan(whole.subarray(0, length)), `${length} bytes`).toThrow(SyntaxError);
});

describe('what is no list in protobuf', () => {
  test.each([
    ['JSON', Buffer.from('{"kind":"PodList","items":[]}')],
    ['a number where a message should be', sentBytes([0x08, 0x01])],
    ['a length without end', sentBytes(new Array<number>(12).fill(0xff))],
    ['an item with a field of a type that nobody writes any more', sentBytes([0x12, 0x04, 0x12, 0x02, 0x2b, 0x00])],
    ['a field that is longer than its item', sentBytes([0x12, 0x06, 0x12, 0x04, 0x0a, 0x03, 0x0a, 0x00])],
    ['a text that is longer than its message', sentBytes([0x12, 0x08, 0x12, 0x06, 0x0a, 0x04, 0x0a, 0x05, 0x61, 0x62])],
    ['an item that is longer than its list', sentBytes([0x12, 0x03, 0x12, 0x04, 0, 0, 0, 0])],
  ])('%s', (_, bytes) => {
    expect(() => scan(bytes)).toThrow(SyntaxError);
  });
});

test('what a server says instead of a list', () => {
  const said = sent('Status', [
    [1, []],
    [2, 'Failure'],
    [3, 'pods is forbidden'],
    [4, 'Forbidden'],
    [6, 403],
  ]);
  expect(statusIn(said)).toEqual({ kind: 'Status', status: 'Failure', message: 'pods is forbidden', reason: 'Forbidden', code: 403 });
  expect(statusIn(Buffer.from('upstream went away'))).toBeUndefined();
  expect(() => statusIn(said.subarray(0, -6))).toThrow(SyntaxError);
});
