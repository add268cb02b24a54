import type { Faults } from './faults.ts';
import { closest } from './spelling.ts';

/** One decoding of one object: where the reader is, and what it found. */
export interface Reading {
  readonly faults: Faults;
  /** The path to the value that is read now. */
  readonly path: (string | number)[];
  /** What an unknown field of a strictly read type is. */
  readonly unknownFields: 'error' | 'warning';
  /** The value belongs to a custom resource: its schema speaks instead of the decoder of a built-in type. */
  readonly isCustom?: boolean;
}

/**
 * Reads a JSON value into a field's type, as the API server's decoder does: `null` leaves the type's zero value, any other
 * type is a fault. A type is stated once, by combining readers. Source: sigs.k8s.io/json, semantics.md section 1.3.
 */
export interface Reader<T> {
  readonly zero: T;
  /** `value` is neither null nor undefined. */
  read(value: unknown, reading: Reading): T;
}

/** What a reader gives. */
export type ReadOf<R> = R extends Reader<infer T> ? T : never;

const kindOf = (value: unknown): string =>
  Array.isArray(value)
    ? 'array'
    : value !== null && typeof value === 'object'
      ? 'object'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value;

const schemaTypes: Readonly<Record<string, string>> = { bool: 'boolean', int32: 'integer', 'map of strings': 'object' };

function schemaTypeOf(value: unknown): string {
  if (value === null) return 'null';
  const kind = Number.isInteger(value) ? 'integer' : kindOf(value);
  return schemaTypes[kind] ?? kind;
}

function mismatch<T>(value: unknown, type: string, zero: T, { faults, path, isCustom }: Reading, hint = ''): T {
  if (isCustom) {
    faults.typeInvalid([...path], schemaTypeOf(value), schemaTypes[type] ?? type, hint);
    return zero;
  }
  const number = typeof value === 'number' ? ` ${value}` : '';
  faults.decode([...path], `cannot unmarshal ${kindOf(value)}${number} into a field of type ${type}${hint}`);
  return zero;
}

const yamlBooleans = ' (in YAML unquoted y, yes, on, n, no and off are booleans too)';

export const string: Reader<string> = {
  zero: '',
  read: (value, reading) =>
    typeof value === 'string' ? value : mismatch(value, 'string', '', reading, typeof value === 'boolean' ? yamlBooleans : ''),
};

export const boolean: Reader<boolean> = {
  zero: false,
  read: (value, reading) => (typeof value === 'boolean' ? value : mismatch(value, 'bool', false, reading)),
};

const integer = (type: string, least: number, greatest: number): Reader<number> => ({
  zero: 0,
  read: (value, reading) =>
    // Adding 0 makes 0 of the -0 that JSON can spell.
    Number.isInteger(value) && (value as number) >= least && (value as number) <= greatest
      ? (value as number) + 0
      : mismatch(value, type, 0, reading),
});

export const int32: Reader<number> = integer('int32', -(2 ** 31), 2 ** 31 - 1);
/** Any whole number, as a schema's integer; its bounds are the schema's to check. */
export const whole: Reader<number> = integer('integer', -Number.MAX_VALUE, Number.MAX_VALUE);
/** Beyond 2^53 numbers are not exact; nothing that policy reads is that large. */
export const int64: Reader<number> = integer('int64', -(2 ** 63), 2 ** 63 - 1);

/** A number or a name. Source: intstr.IntOrString in apimachinery. */
export const intOrString: Reader<number | string> = {
  zero: 0,
  read: (value, reading) =>
    typeof value === 'string'
      ? value
      : typeof value === 'number'
        ? int32.read(value, reading)
        : mismatch(value, 'int or string', 0, reading),
};

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A point in time, as its text. Source: Time in meta/v1. */
export const time: Reader<string> = {
  zero: '',
  read(value, reading) {
    const text = string.read(value, reading);
    if (typeof value === 'string' && !rfc3339.test(text))
      reading.faults.decode([...reading.path], `parsing time ${JSON.stringify(text)} as RFC 3339 failed`);
    return text;
  },
};

/** A value that this program does not look into. */
export const anything: Reader<unknown> = { zero: undefined, read: (value) => value };

/** A list; a `null` in it is the item's zero value, which a schema does not let pass. */
export const list = <T>(item: Reader<T>): Reader<readonly T[]> => ({
  zero: [],
  read(value, reading) {
    if (!Array.isArray(value)) return mismatch(value, 'array', [], reading);
    return value.map((element, index) => {
      if ((element === null || element === undefined) && !reading.isCustom) return item.zero;
      reading.path.push(index);
      const result = item.read(element, reading);
      reading.path.pop();
      return result;
    });
  },
});

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A map of strings; a `null` value is the empty string. A map that is right as it stands is not copied. */
export const stringMap: Reader<Readonly<Record<string, string>>> = {
  zero: {},
  read(value, reading) {
    if (!isObject(value)) return mismatch(value, 'map of strings', {}, reading);
    const entries = Object.entries(value);
    if (entries.every(([, text]) => typeof text === 'string')) return value as Record<string, string>;
    return Object.fromEntries(
      entries.map(([key, text]) => {
        reading.path.push(key);
        const isZero = (text === null || text === undefined) && !reading.isCustom;
        const result = isZero ? '' : string.read(text, reading);
        reading.path.pop();
        return [key, result];
      }),
    );
  },
};

type Fields = Readonly<Record<string, Reader<unknown>>>;

/** Marks what was read of an object with fields that its type does not have. */
const incomplete = Symbol('incomplete');

/** An object with some of the fields; absent and `null` fields are absent. */
type Struct<F extends Fields> = { readonly [Name in keyof F]?: ReadOf<F[Name]> };

/** Whether something of what was written is not among what was read: a field that the type does not have, here or anywhere inside. */
export function isIncomplete(read: unknown): boolean {
  if (Array.isArray(read)) return read.some(isIncomplete);
  if (!isObject(read)) return false;
  return incomplete in read || Object.values(read).some(isIncomplete);
}

/** The part of a custom resource that its schema speaks of. */
export const custom = <T>({ zero, read }: Reader<T>): Reader<T> => ({
  zero,
  read: (value, reading) => read(value, { ...reading, isCustom: true }),
});

/** An object of which the given fields are read and others are ignored. */
export function partial<F extends Fields>(fields: F): Reader<Struct<F>> {
  const entries = Object.entries(fields);
  return {
    zero: {},
    read(value, reading) {
      if (!isObject(value)) return mismatch(value, 'object', {}, reading);
      const result: Record<string, unknown> = {};
      for (const [name, reader] of entries) {
        const field = value[name];
        if (field === undefined || field === null) continue;
        reading.path.push(name);
        result[name] = reader.read(field, reading);
        reading.path.pop();
      }
      return result as Struct<F>;
    },
  };
}

/** An object that has no other fields than the given ones: others are faults. Names are case-sensitive. */
export function strict<F extends Fields>(fields: F): Reader<Struct<F>> {
  const inner = partial(fields);
  const names = Object.keys(fields);
  return {
    zero: {},
    read(value, reading) {
      const unknown = isObject(value) ? Object.keys(value).filter((name) => !Object.hasOwn(fields, name)) : [];
      for (const name of unknown) {
        const suggestion = closest(name, names);
        const hint = suggestion === undefined ? '' : ` (did you mean "${suggestion}"?)`;
        reading.faults.unknownField([...reading.path, name], reading.unknownFields, hint);
      }
      const result = inner.read(value, reading);
      return unknown.length === 0 ? result : { ...result, [incomplete]: true };
    },
  };
}
