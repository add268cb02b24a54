import type { KnownNode } from './cluster-status.ts';

/*
 * What a cluster has besides policies, as far as enforcement depends on it.
 */

/** A node with what runs it. */
export interface NodeFacts extends KnownNode {
  /** `linux`, `windows`; empty where kubelet has not said it yet, as the fields below. */
  readonly system: string;
  /** `6.1.0-18-amd64`. */
  readonly kernel: string;
  /** The version of its kubelet: `v1.34.4+k3s1`. */
  readonly kubelet: string;
  /** With what k3s was started here. */
  readonly k3s: readonly string[];
}

/** Pods that are made of one template: a DaemonSet, or a Deployment. */
export interface Workload {
  readonly kind: 'DaemonSet' | 'Deployment';
  readonly namespace: string;
  readonly name: string;
  /** Of its pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: readonly Container[];
  /** How many pods there are to be. */
  readonly pods: number;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  /** Its command and its arguments. */
  readonly words: readonly string[];
}

/** A kind of object that says which connections may be, with how many there are. */
export interface PolicyKind {
  readonly group: string;
  readonly kind: string;
  /** In URLs: `adminnetworkpolicies`. */
  readonly name: string;
  readonly objects: number;
}

/** `DaemonSet kube-system/calico-node`. */
export const workloadId = ({ kind, namespace, name }: Workload): string => `${kind} ${namespace}/${name}`;

/** The last part of an image's name and its tag: `kube-proxy` and `v1.34.4`. */
export function imageParts(image: string): { readonly name: string; readonly tag: string } {
  const [, name = '', tag = ''] = /([^/:@]+)(?::([^/:@]+))?(?:@.*)?$/.exec(image) ?? [];
  return { name, tag };
}

/** Names for a sentence: at most three of them, and how many more there are. */
export function some(names: readonly string[]): string {
  const rest = names.length - 3;
  return rest > 1 ? `${names.slice(0, 3).join(', ')} and ${rest} others` : names.join(', ');
}

/** The parts of a version that are numbers: 1 and 34 of `v1.34.4`; undefined where it does not begin with two. */
export function versionIn(text: string): readonly [major: number, minor: number] | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? [];
  return minor === undefined ? undefined : [Number(major), Number(minor)];
}
