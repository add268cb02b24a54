/** A cluster as the cases write it: plain objects, nothing decoded and nothing defaulted. */
export interface RawCluster {
  readonly namespaces: readonly RawNamespace[];
  readonly pods: readonly RawPod[];
  readonly nodes?: readonly RawNode[];
  /** NetworkPolicy and ClusterNetworkPolicy manifests, as written. */
  readonly policies: readonly RawPolicy[];
}

export interface RawNamespace {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RawPod {
  readonly ns: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ips: readonly string[];
  readonly containerPorts?: readonly RawContainerPort[];
  readonly hostNetwork?: boolean;
  readonly node?: string;
  readonly phase?: string;
  readonly deletionTimestamp?: string;
  /** The StatefulSet that it belongs to; verdicts do not depend on it. */
  readonly owner?: string;
}

export interface RawContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
  /** The container that declares it; one container when absent. */
  readonly container?: string;
  /** Declared by a native sidecar. */
  readonly sidecar?: boolean;
}

export interface RawNode {
  readonly name: string;
  readonly ips: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RawPolicy {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: unknown;
}
