import type { Source } from '../api/diagnostic.ts';
import type { Direction } from '../api/types.ts';
import type { Family } from '../net/ip.ts';
import type { Protocol } from '../net/protocol.ts';

/** The apiVersion and kind of a document with connectivity tests. */
export const testVersion = 'sallyport.dev/v1alpha1';
export const testKind = 'ConnectivityTest';

/** Ports of one protocol, in the order in which they are written. */
export interface PortRange {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}

/** Some connections that must all be allowed, or all be denied. */
export interface Expectation {
  readonly expect: 'allow' | 'deny';
  /** Who opens them and to whom, each as it is written; every one with every other. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Undefined: every port of every protocol; of a Service those that it has. */
  readonly ports?: readonly PortRange[];
  /** Undefined: every family that both ends have. */
  readonly family?: Family;
  readonly source?: Source;
}

/** That those a test is about may do nothing but what its `allow` says, on any port, over any protocol, with anybody. */
export interface Closure {
  /** Which of their gates is meant: what comes in, or what goes out. */
  readonly direction: Direction;
  readonly subjects: readonly string[];
  /** Only on these ports nothing else; undefined: on any. */
  readonly ports?: readonly PortRange[];
  readonly source?: Source;
}

/** One test: it passes when all that it expects holds. */
export interface Test {
  readonly name: string;
  readonly expectations: readonly Expectation[];
  readonly nothingElse?: Closure;
  readonly source?: Source;
}

/** A document of tests. */
export interface ConnectivityTest {
  readonly name: string;
  /** What a reader should know. */
  readonly description?: string;
  /** Where the manifests are that the tests speak of, relative to the document. */
  readonly manifests?: readonly string[];
  readonly tests: readonly Test[];
  readonly source?: Source;
}
