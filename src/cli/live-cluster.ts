import type { Choices } from '#core/api/choices.ts';
import type { OnObject } from '#core/api/decode.ts';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { duplicateAddresses } from '#core/cluster/address-faults.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import type { Flow } from '#core/verdict/check.ts';
import { type Needed, neededBy, unsettledIn } from '#core/verdict/needed.ts';
import { connectionOf } from '#kube/connect.ts';
import type { Connection } from '#kube/connection.ts';
import { KubeFault } from '#kube/fault.ts';
import { type ClusterReading, type Extent, readCluster, wantedKinds } from '#kube/read-cluster.ts';
import { addressed } from './addressed.ts';
import { CannotAnswer } from './exit.ts';
import type { InputOptions } from './options.ts';
import { type Report, withProgress } from './progress.ts';

/** What of a cluster there is to look at, with addresses for pods without, and what is to be said of it. */
export interface LiveInput {
  readonly objects: readonly KubernetesObject[];
  readonly diagnostics: readonly Diagnostic[];
  readonly notes: readonly string[];
}

/** Reads the cluster that the options name: as much of it as the flows need, everything when none are given. */
export async function readLiveCluster(
  options: InputOptions,
  choices: Choices,
  { flows, onObject }: { readonly flows?: readonly Flow[] | undefined; readonly onObject?: OnObject } = {},
): Promise<LiveInput> {
  const connection = await orCannotAnswer(() => connectionOf(options));
  return withProgress(`reading the cluster at ${connection.server}`, async (report) => {
    const reader = new LiveReader(connection, choices, options.podCidr, report, onObject);
    const needed: Needed = flows === undefined ? 'everything' : neededBy(flows);
    const reading = await reader.read(needed);
    if (needed === 'everything' || reading.diagnostics.some(({ severity }) => severity === 'error')) return reading;
    const unsettled = unsettledIn(new Analysis(clusterOf(reading.objects), choices), flows ?? []);
    return unsettled === undefined ? reading : reader.read('everything', unsettled);
  });
}

class LiveReader {
  readonly #connection: Connection;
  readonly #choices: Choices;
  readonly #podCidr: readonly string[] | undefined;
  readonly #report: Report;
  readonly #onObject: OnObject | undefined;

  constructor(
    connection: Connection,
    choices: Choices,
    podCidr: readonly string[] | undefined,
    report: Report,
    onObject: OnObject | undefined,
  ) {
    this.#onObject = onObject;
    this.#connection = connection;
    this.#choices = choices;
    this.#podCidr = podCidr;
    this.#report = report;
  }

  /** Reads what is needed. `reason` says why that is more than the question names. */
  async read(needed: Needed, reason?: string): Promise<LiveInput> {
    const reading = await orCannotAnswer(() => this.#read(extentOf(needed)), reason);
    // It can be so for a moment while pods come and go.
    const [shared] = duplicateAddresses(reading.objects);
    const notes =
      shared === undefined ? reading.notes : [...reading.notes, `${shared.message}: what is said of it may be said of the other`];
    return { ...reading, notes, objects: addressed(reading.objects, this.#podCidr) };
  }

  #read(extent: Extent): Promise<ClusterReading> {
    const { server } = this.#connection;
    const onProgress = (objects: number, remaining: number): void => {
      const of = remaining > 0 ? ` of ${objects + remaining}` : '';
      this.#report(`reading the cluster at ${server}: ${objects}${of} objects`);
    };
    this.#report(`reading the cluster at ${server}`);
    return readCluster(this.#connection, extent, {
      choices: this.#choices,
      onProgress,
      ...(this.#onObject && { onObject: this.#onObject }),
    });
  }
}

function extentOf(needed: Needed): Extent {
  if (needed === 'everything') return { namespaces: 'all', kinds: wantedKinds };
  return {
    namespaces: needed.namespaces,
    kinds: ['Namespace', 'Pod', 'NetworkPolicy', ...(needed.services ? (['Service', 'EndpointSlice'] as const) : [])],
  };
}

/** What keeps a cluster from being read is no bug. */
async function orCannotAnswer<T>(work: () => Promise<T>, reason?: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KubeFault)) throw error;
    throw new CannotAnswer(
      reason === undefined ? error.message : `${error.message}; all of the cluster is needed, because ${reason}`,
      error.hint,
    );
  }
}
