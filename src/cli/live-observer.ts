import type { Pod } from '#core/api/types.ts';
import { isFinished } from '#core/api/types.ts';
import { podId } from '#core/verdict/endpoint.ts';
import type { Connection } from '#kube/connection.ts';
import { runInPod } from '#kube/pod-run.ts';
import type { Observation, Trial } from '#lab/observer.ts';
import { probesVariable } from './probe.ts';
import type { Probe, Probed } from './probe-sockets.ts';
import type { Report } from './progress.ts';

/** So many pods are worked in at once. */
const most = 8;

/** A connection to try, and from where. */
interface Errand {
  readonly pod: Pod;
  readonly probe: Probe;
}

/** What must be tried to learn of one trial. */
interface Errands {
  readonly asked: Errand;
  /** The same by the destination itself, which no policy governs: whether anybody listens there. */
  readonly proof?: Errand;
}

/** Tries connections of a real cluster from within its pods. */
export class LiveObserver {
  readonly #connection: Connection;
  readonly #image: string;
  readonly #pods = new Map<string, Pod>();

  constructor(connection: Connection, pods: readonly Pod[], image: string) {
    this.#connection = connection;
    this.#image = image;
    for (const pod of pods) if (!isFinished(pod) && !pod.hostNetwork) for (const address of pod.addresses) this.#pods.set(address, pod);
  }

  /** In how many pods a container is needed for the trials. */
  podsFor(trials: readonly Trial[]): number {
    return new Set(this.#plan(trials).flatMap((each) => ('observed' in each ? [] : errandsOf(each).map(({ pod }) => podId(pod))))).size;
  }

  /** What packets do, in the order of the trials. Throws a `KubeFault` or `Forbidden` when a pod can't be worked in. */
  async observe(trials: readonly Trial[], report: Report): Promise<Observation[]> {
    const planned = this.#plan(trials);
    const results = await this.#run(
      planned.flatMap((each) => ('observed' in each ? [] : errandsOf(each))),
      report,
    );
    return planned.map((each) =>
      'observed' in each ? each : observationOf(results.get(keyOf(each.asked))!, each.proof && results.get(keyOf(each.proof))!),
    );
  }

  #plan(trials: readonly Trial[]): (Errands | Observation)[] {
    return trials.map(({ from, to, protocol, port }) => {
      const pod = this.#pods.get(from);
      if (pod === undefined)
        return { observed: 'skipped', detail: `nothing can be sent from ${from}: no pod with a network of its own has that address` };
      if (protocol !== 'TCP' && protocol !== 'UDP') return { observed: 'skipped', detail: `${protocol} is not tried` };
      const probe: Probe = { to, port, protocol };
      const target = this.#pods.get(to);
      return { asked: { pod, probe }, ...(target && { proof: { pod: target, probe } }) };
    });
  }

  /** Does each errand once, those of a pod together. */
  async #run(errands: readonly Errand[], report: Report): Promise<Map<string, Probed>> {
    const different = [...new Map(errands.map((errand) => [keyOf(errand), errand])).values()];
    const groups = [...Map.groupBy(different, ({ pod }) => pod)];
    const results = new Map<string, Probed>();
    let next = 0;
    let done = 0;
    const failure = new AbortController();
    const work = async (): Promise<void> => {
      for (let index = next++; index < groups.length; index = next++) {
        const [pod, own] = groups[index]!;
        const probed = await this.#runIn(
          pod,
          own.map(({ probe }) => probe),
          failure.signal,
        );
        for (const [place, errand] of own.entries()) results.set(keyOf(errand), probed[place] ?? 'silent');
        report(`trying connections: ${++done} of ${groups.length} pods`);
      }
    };
    report(`trying connections: 0 of ${groups.length} pods`);
    try {
      await Promise.all(Array.from({ length: most }, work));
    } finally {
      failure.abort();
    }
    return results;
  }

  async #runIn(pod: Pod, probes: readonly Probe[], signal: AbortSignal): Promise<Probed[]> {
    const environment = { [probesVariable]: JSON.stringify(probes) };
    const program = { image: this.#image, command: ['sallyport', 'probe'], environment };
    return JSON.parse(await runInPod(this.#connection, pod, program, signal)) as Probed[];
  }
}

const errandsOf = ({ asked, proof }: Errands): Errand[] => (proof === undefined ? [asked] : [asked, proof]);

const keyOf = ({ pod, probe: { to, port, protocol } }: Errand): string => `${podId(pod)} ${to} ${protocol}/${port}`;

/** A connection that fails says something about policy only where somebody is known to listen. */
function observationOf(asked: Probed, proof: Probed | undefined): Observation {
  if (asked === 'open') return { observed: 'allow' };
  if (proof === 'open') return { observed: 'deny' };
  if (proof === undefined) return { observed: 'error', detail: `${wordsFor(asked)}, and whether anybody listens there can't be tried` };
  return {
    observed: 'error',
    detail: `${wordsFor(asked)}, and the destination itself gets no answer there either (${wordsFor(proof)}): nobody listens`,
  };
}

const wordsFor = (probed: Probed): string =>
  probed === 'silent' ? 'nobody answers' : probed === 'ECONNREFUSED' ? 'the connection is refused' : probed;
