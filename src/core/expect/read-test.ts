import type { Diagnostic, FieldPath } from '../api/diagnostic.ts';
import { Faults, nowhere, type Place } from '../api/faults.ts';
import { boolean, int32, intOrString, isObject, list, type Reader, type Reading, type ReadOf, strict, string } from '../api/reader.ts';
import type { Family } from '../net/ip.ts';
import {
  type Closure,
  type ConnectivityTest,
  type Expectation,
  type PortRange,
  type Test,
  testKind,
  testVersion,
} from './connectivity-test.ts';
import { faultOfName } from './named-ends.ts';
import { parsePortRange } from './port-ranges.ts';

/** One value, or a list of them. */
const oneOrMore = <T>(item: Reader<T>): Reader<readonly T[]> => ({
  zero: [],
  read: (value, reading) => (Array.isArray(value) ? list(item).read(value, reading) : [item.read(value, reading)]),
});

/** Ends: one is a text, several are a list of texts. */
const ends = oneOrMore(string);
const ports = oneOrMore(intOrString);
const connections = strict({ from: ends, to: ends, ports, family: int32 });

type WrittenConnections = ReadOf<typeof connections>;

/** An entry of a list: what it leaves out the test says; a text is the end that the test leaves open. */
const entry: Reader<WrittenConnections | string> = {
  zero: {},
  read: (value, reading) => (typeof value === 'string' ? value : connections.read(value, reading)),
};

/** `true`, or the ports on which nothing else is allowed. */
const closure: Reader<boolean | ReadOf<typeof ports>> = {
  zero: false,
  read: (value, reading: Reading) => (typeof value === 'boolean' ? boolean.read(value, reading) : ports.read(value, reading)),
};

const test = strict({
  name: string,
  from: ends,
  to: ends,
  ports,
  family: int32,
  expect: string,
  allow: oneOrMore(entry),
  deny: oneOrMore(entry),
  nothingElse: closure,
});

type WrittenTest = ReadOf<typeof test>;

const document = strict({
  apiVersion: string,
  kind: string,
  metadata: strict({ name: string }),
  description: string,
  manifests: oneOrMore(string),
  tests: list(test),
});

/** What a document holds; with an error among the diagnostics there are no tests. */
export interface DecodedTest {
  readonly test?: ConnectivityTest;
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether a value claims to be a document of tests, in whatever version. */
export const isConnectivityTest = (value: unknown): boolean =>
  isObject(value) && value.kind === testKind && typeof value.apiVersion === 'string' && value.apiVersion.startsWith('sallyport.dev/');

/** Reads a document of tests strictly: every fault has its place. */
export function decodeTest(value: unknown, place: Place = nowhere): DecodedTest {
  if (!isObject(value) || value.apiVersion !== testVersion || value.kind !== testKind) {
    const source = place([]);
    const message = `not a document of tests: it must begin with apiVersion: ${testVersion} and kind: ${testKind}`;
    return { diagnostics: [{ code: 'unknown-kind', severity: 'error', message, ...(source && { source }) }] };
  }
  const name = isObject(value.metadata) && typeof value.metadata.name === 'string' ? ` ${value.metadata.name}` : '';
  const faults = new Faults(`${testKind}${name}`, place);
  const written = document.read(value, { faults, path: [], unknownFields: 'error' });
  if (!written.metadata?.name) faults.required(['metadata', 'name']);
  if ((written.tests ?? []).length === 0) faults.required(['tests'], 'a document without tests proves nothing');
  const builder = new Builder(faults, place);
  const tests = (written.tests ?? []).map((each, index) => builder.test(each, ['tests', index]));
  if (faults.fatal) return { diagnostics: faults.diagnostics };
  const { description, manifests } = written;
  const source = place([]);
  return {
    test: {
      name: written.metadata!.name!,
      tests,
      ...(description && { description }),
      ...(manifests && { manifests }),
      ...(source && { source }),
    },
    diagnostics: faults.diagnostics,
  };
}

/** Makes tests of what is written, and notes what is wrong with it. */
class Builder {
  readonly #faults: Faults;
  readonly #place: Place;

  constructor(faults: Faults, place: Place) {
    this.#faults = faults;
    this.#place = place;
  }

  test(written: WrittenTest, path: FieldPath): Test {
    const { name = '', allow = [], deny = [], nothingElse } = written;
    if (name === '') this.#faults.required([...path, 'name']);
    for (const [list, entries] of Object.entries({ allow: written.allow, deny: written.deny }))
      if (entries?.length === 0) this.#faults.required([...path, list], 'an empty list expects nothing: leave it out');
    const isEmpty = allow.length + deny.length === 0 && (nothingElse ?? false) === false;
    if (isEmpty && written.expect === undefined) this.#faults.required(path, 'say what must be: expect, allow, deny or nothingElse');
    const common = this.#connections(written, path);
    const listed = (expect: Expectation['expect'], entries: typeof allow): Expectation[] =>
      entries.map((each, index) => this.#expectation(expect, each, common, Array.isArray(entries) ? [...path, expect, index] : path));
    const expectations = [...this.#single(written, common, path), ...listed('allow', allow), ...listed('deny', deny)];
    const closed = nothingElse === undefined || nothingElse === false ? undefined : this.#closure(written, path);
    return { name, expectations, ...(closed && { nothingElse: closed }), ...this.#source(path) };
  }

  /** A test that names both ends says what is expected of them. */
  #single({ expect }: WrittenTest, common: Partial<Expectation>, path: FieldPath): Expectation[] {
    if (expect === undefined) return [];
    if (expect === 'allow' || expect === 'deny') return [this.#expectation(expect, {}, common, path)];
    this.#faults.notSupported([...path, 'expect'], expect, ['allow', 'deny']);
    return [];
  }

  /** What both a test and its entries may say. */
  #connections({ from, to, ports: numbers, family }: WrittenConnections, path: FieldPath): Partial<Expectation> {
    for (const [side, names] of Object.entries({ from, to }))
      for (const name of names ?? []) {
        const fault = faultOfName(name);
        if (fault !== undefined) this.#faults.invalid([...path, side], name, fault);
      }
    if (family !== undefined && family !== 4 && family !== 6) this.#faults.notSupported([...path, 'family'], family, ['4', '6']);
    const ranges = numbers && this.#ports(numbers, [...path, 'ports']);
    return { ...(from && { from }), ...(to && { to }), ...(ranges && { ports: ranges }), ...(family && { family: family as Family }) };
  }

  #ports(written: ReadOf<typeof ports>, path: FieldPath): PortRange[] {
    if (written.length === 0) this.#faults.required(path, 'without ports all are meant: leave the field out');
    return written.flatMap((each) => {
      const range = parsePortRange(String(each));
      if (range === undefined) this.#faults.invalid(path, each, 'must be like 8080, TCP/8080, UDP/8000-8010 or SCTP');
      return range ?? [];
    });
  }

  #expectation(
    expect: Expectation['expect'],
    written: WrittenConnections | string,
    common: Partial<Expectation>,
    path: FieldPath,
  ): Expectation {
    const own = this.#connections(typeof written === 'string' ? this.#open(written, common, path) : written, path);
    const { from = [], to = [], ...others } = { ...common, ...own };
    for (const [side, names] of Object.entries({ from, to }))
      if (names.length === 0)
        this.#faults.required([...path, side], `neither the entry nor the test says ${side === 'from' ? 'who' : 'to whom'}`);
    return { expect, from, to, ...others, ...this.#source(path) };
  }

  /** A text as the end that the test leaves open. */
  #open(text: string, { from, to }: Partial<Expectation>, path: FieldPath): WrittenConnections {
    if ((from === undefined) === (to === undefined))
      this.#faults.invalid(path, text, 'a text is the other end of a test that says one: give {from, to}');
    return from === undefined ? { from: [text] } : { to: [text] };
  }

  #closure({ from, to, allow = [], nothingElse }: WrittenTest, path: FieldPath): Closure | undefined {
    const at = [...path, 'nothingElse'];
    if ((from === undefined) === (to === undefined)) {
      this.#faults.invalid(
        at,
        nothingElse,
        'nothing else of whom? the test must say either `to` (what comes in) or `from` (what goes out)',
      );
      return undefined;
    }
    const side = from === undefined ? 'to' : 'from';
    for (const [index, each] of allow.entries())
      if (typeof each !== 'string' && each[side] !== undefined)
        this.#faults.forbidden([...path, 'allow', index, side], `with nothingElse the test alone says \`${side}\``);
    const ranges = Array.isArray(nothingElse) ? this.#ports(nothingElse, at) : undefined;
    return {
      direction: side === 'to' ? 'ingress' : 'egress',
      subjects: (from ?? to)!,
      ...(ranges && { ports: ranges }),
      ...this.#source(at),
    };
  }

  #source(path: FieldPath): Pick<Test, 'source'> {
    const source = this.#place(path);
    return source === undefined ? {} : { source };
  }
}
