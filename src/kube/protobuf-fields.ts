import { PbfReader } from 'pbf';
import { namespaces, nodes, pods, type Resource } from './resource.ts';

/** A field of a message: its name in JSON, how a value is read, and what its values are there: one, a list, or the entries of an object. */
interface Field {
  readonly name: string;
  readonly read: (reader: PbfReader) => unknown;
  readonly holds: 'one' | 'list' | 'entries';
}

/** Fields by their numbers. Others are passed over without being looked into. */
type Fields = Readonly<Record<number, Field>>;

type Message = Record<string, unknown>;

/**
 * Reads messages with these fields, up to an end, as the objects that they are in JSON. Zero values, which Go writes in messages and leaves out of
 * objects, are left out. Throws where a field reaches beyond its message: an object of which a part is lost might be one that no policy selects.
 */
function readerOf(fields: Fields): (reader: PbfReader, end?: number) => Message {
  const maps = Object.values(fields).filter(({ holds }) => holds === 'entries');
  const visit = (number: number, message: Message, reader: PbfReader): void => {
    const field = fields[number];
    if (field === undefined) return;
    const value = field.read(reader);
    if (field.holds !== 'one') append(message, field.name, value);
    else if (value) message[field.name] = value;
  };
  return (reader, end) => {
    const message = reader.readFields(visit, {} as Message, end);
    if (reader.pos !== (end ?? reader.length)) throw new RangeError('a field is longer than its message');
    for (const { name } of maps) if (message[name] !== undefined) message[name] = Object.fromEntries(message[name] as [string, string][]);
    return message;
  };
}

function append(message: Message, name: string, value: unknown): void {
  const values = message[name];
  if (values === undefined) message[name] = [value];
  else (values as unknown[]).push(value);
}

const field = (name: string, read: Field['read'], holds: Field['holds'] = 'one'): Field => ({ name, read, holds });
const text = (name: string, holds?: Field['holds']): Field => field(name, (reader) => reader.readString(), holds);
const number = (name: string): Field => field(name, (reader) => reader.readVarint(true));
const boolean = (name: string): Field => field(name, (reader) => reader.readBoolean());

/** A field that is a message itself. */
function message(name: string, fields: Fields, holds?: Field['holds'], madeOf: (message: Message) => unknown = (value) => value): Field {
  const read = readerOf(fields);
  return field(name, (reader) => madeOf(read(reader, reader.readVarint() + reader.pos)), holds);
}

const texts = (name: string): Field =>
  message(name, { 1: text('key'), 2: text('value') }, 'entries', ({ key = '', value = '' }) => [key, value]);

const time = (name: string): Field =>
  message(name, { 1: number('seconds') }, 'one', ({ seconds = 0 }) => `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`);

/** Source: generated.proto in k8s.io/apimachinery/pkg/apis/meta/v1. */
const metadataFields = {
  1: text('name'),
  2: text('generateName'),
  3: text('namespace'),
  5: text('uid'),
  7: number('generation'),
  9: time('deletionTimestamp'),
  11: texts('labels'),
  13: message(
    'ownerReferences',
    { 1: text('kind'), 3: text('name'), 4: text('uid'), 5: text('apiVersion'), 6: boolean('controller') },
    'list',
  ),
};
const metadata = message('metadata', metadataFields);
const annotatedMetadata = message('metadata', { ...metadataFields, 12: texts('annotations') });

const port = { 1: text('name'), 3: number('containerPort'), 4: text('protocol') };
const container = { 6: message('ports', port, 'list'), 24: text('restartPolicy') };

/** The fields that are read of objects. What a reader of JSON looks at must be among them. Source: generated.proto in k8s.io/api/core/v1. */
const fieldsOf: ReadonlyMap<Resource, Fields> = new Map([
  [
    pods,
    {
      1: metadata,
      2: message('spec', {
        2: message('containers', container, 'list'),
        10: text('nodeName'),
        11: boolean('hostNetwork'),
        20: message('initContainers', container, 'list'),
      }),
      3: message('status', { 1: text('phase'), 6: text('podIP'), 12: message('podIPs', { 1: text('ip') }, 'list') }),
    },
  ],
  [namespaces, { 1: annotatedMetadata, 3: message('status', { 1: text('phase') }) }],
  [
    nodes,
    {
      1: metadata,
      2: message('spec', { 1: text('podCIDR'), 7: text('podCIDRs', 'list') }),
      3: message('status', { 5: message('addresses', { 1: text('type'), 2: text('address') }, 'list') }),
    },
  ],
]);

/** Makes of the bytes of a message what its JSON says, as far as it is read here. */
export type ReadMessage = (bytes: Uint8Array) => Readonly<Record<string, unknown>>;

const reading = (fields: Fields): ReadMessage => {
  const read = readerOf(fields);
  return (bytes) => read(new PbfReader(bytes));
};

/** How objects of a resource are read; none of a resource whose objects are asked for as JSON. */
export const readersOfObjects: ReadonlyMap<Resource, ReadMessage> = new Map(
  Array.from(fieldsOf, ([resource, fields]) => [resource, reading(fields)]),
);

/** Source: TypeMeta in generated.proto of k8s.io/apimachinery/pkg/runtime. */
export const readType = reading({ 1: text('apiVersion'), 2: text('kind') });

/** Source: ListMeta in generated.proto of k8s.io/apimachinery/pkg/apis/meta/v1. */
export const readListMetadata = reading({ 2: text('resourceVersion'), 3: text('continue'), 4: number('remainingItemCount') });

/** What a server says that gives no list. Source: Status, in the same file. */
export const readStatus = reading({ 2: text('status'), 3: text('message'), 4: text('reason'), 6: number('code') });
