import type { Agent } from 'node:http';

/** Headers of a request; several values of one name are sent one by one. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** A server that can be asked. Whoever brings credentials of another kind makes one without the client library. */
export interface Connection {
  /** The URL without a slash at its end; it may have a path. */
  readonly server: string;
  /** Holds the connections, the TLS material and the way through a proxy; bounds how many requests are under way. */
  readonly agent: Agent;
  /** The headers that say who asks, for the next request. */
  headers(): Promise<Headers>;
  /** Milliseconds for one request; absent: as long as it takes. */
  readonly timeout?: number;
  /** Whose credentials they are, as the kubeconfig calls them; absent where none of its users is meant. */
  readonly user?: string;
}
