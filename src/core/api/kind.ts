import type { Faults, Place } from './faults.ts';
import type { Pool } from './pool.ts';
import type { Reader } from './reader.ts';

/** What decoding an object depends on beside what is written. */
export interface Surroundings {
  readonly place: Place;
  /** The namespace of namespaced objects that name none. */
  readonly defaultNamespace: string;
  readonly pool: Pool;
  /** The API server's StrictIPCIDRValidation. */
  readonly strictCidr: boolean;
  /** Values of selectors' expressions are not looked at: rule U1 of semantics.md section 1.6. */
  readonly tolerantValues: boolean;
  /** The object comes from an API server, which has taken it as it is: what this program does not understand of it is newer. */
  readonly isStored: boolean;
}

/** One kind of object: how it is read, what is checked of it, and what is made of it when all is well. */
export interface Kind<Written, Result> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly reader: Reader<Written>;
  validate(written: Written, surroundings: Surroundings, faults: Faults): void;
  /** `written` has passed validation. */
  build(written: Written, surroundings: Surroundings): Result;
}
