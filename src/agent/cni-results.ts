import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '#core/api/reader.ts';
import { parseCidr } from '#core/net/cidr.ts';
import { formatIp, parseIp } from '#core/net/ip.ts';
import type { PodNetwork } from './early-addresses.ts';

/** Where container runtimes keep what network plugins answered. Source: CacheDir in containernetworking/cni/libcni. */
export const cniResultsDirectory = '/var/lib/cni/results';

/** Milliseconds between looks for a directory that is not there: the first pod of a node makes it. */
const retryInterval = 1000;

/**
 * Reads what network plugins gave to the pods of this machine: libcni, which every runtime of Kubernetes uses, writes an answer down as soon as
 * the plugin has it, before any container is started, and deletes it with the pod's network.
 */
export class CniResults {
  readonly #directory: string;
  readonly #onResult: (place: string, network: PodNetwork | undefined) => void;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `onResult` is told of every file that says something of a pod, and with undefined of one that does so no more. */
  constructor(directory: string, onResult: (place: string, network: PodNetwork | undefined) => void) {
    this.#directory = directory;
    this.#onResult = onResult;
    this.#open();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  #open(): void {
    try {
      this.#watcher = watch(this.#directory, (_, name) => name !== null && this.#read(name));
      this.#watcher.on('error', () => this.#reopen());
      for (const name of this.#files()) this.#read(name);
    } catch {
      this.#reopen();
    }
  }

  #reopen(): void {
    this.close();
    this.#timer = setTimeout(() => this.#open(), retryInterval);
  }

  /** The files, oldest first. */
  #files(): string[] {
    const age = (name: string): number => statSync(join(this.#directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return readdirSync(this.#directory)
      .map((name) => [age(name), name] as const)
      .sort(([a], [b]) => a - b)
      .map(([, name]) => name);
  }

  /** A file that is still being written says nothing yet; the next event of it will. */
  #read(name: string): void {
    this.#onResult(name, networkIn(textOf(join(this.#directory, name))));
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The interface that Kubernetes knows of a pod, whatever others it has. Source: pkg/cri in containerd, defaultIfName. */
const podInterface = 'eth0';

/** What a cached answer says; undefined when it says nothing of a pod's addresses. Source: cachedInfo in containernetworking/cni/libcni. */
export function networkIn(text: string): PodNetwork | undefined {
  const { ifName, cniArgs, result } = objectIn(text);
  if (ifName !== podInterface || !Array.isArray(cniArgs) || !isObject(result) || !Array.isArray(result.ips)) return undefined;
  const words = new Map(cniArgs.filter((pair) => Array.isArray(pair)) as [string, string][]);
  const [namespace, pod] = [words.get('K8S_POD_NAMESPACE'), words.get('K8S_POD_NAME')];
  const addresses = result.ips.flatMap((ip) => (isObject(ip) && typeof ip.address === 'string' ? addressIn(ip.address) : []));
  if (!namespace || !pod || addresses.length === 0) return undefined;
  return { namespace, pod, uid: words.get('K8S_POD_UID') ?? '', addresses };
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** The address in `10.244.1.5/24`. */
function addressIn(text: string): string[] {
  const ip = parseCidr(text) && parseIp(text.slice(0, text.indexOf('/')));
  return ip ? [formatIp(ip)] : [];
}
