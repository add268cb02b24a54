import type { Pod, Service } from '../api/types.ts';
import type { AddressSet } from '../net/address-set.ts';
import type { Family } from '../net/ip.ts';
import type { Backends } from './service-backends.ts';

/** An endpoint in answers: `E` of the JSON contract. Fields that do not apply are absent. */
export interface EndpointIdentity {
  /** Names the endpoint again when it is given back. */
  readonly id: string;
  /** `Potential` is a pod that does not exist, but could. */
  readonly kind: 'Pod' | 'Workload' | 'Service' | 'Node' | 'Internet' | 'External' | 'Potential';
  readonly namespace?: string;
  readonly name?: string;
  readonly workloadKind?: string;
  readonly ip?: string;
  /** Of an external endpoint that is more than one address: `first-last`, ascending. */
  readonly ranges?: readonly string[];
}

/** Who is meant by an endpoint. */
export type Members =
  | { readonly kind: 'pods'; readonly pods: readonly Pod[] }
  /** Those behind a Service, which the endpoint leads to. */
  | { readonly kind: 'backends'; readonly backends: Backends }
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | {
      readonly kind: 'space';
      readonly addresses: AddressSet;
      /** The addresses in the space that pods and nodes have. */
      readonly owned: readonly string[];
      /** Whether those are meant, too, or only the addresses that nobody has. */
      readonly isWhole: boolean;
    };

/** An endpoint that exists, with everybody it stands for. */
export interface Endpoint {
  readonly identity: EndpointIdentity;
  readonly members: Members;
}

/** The id of a pod. */
export const podId = ({ namespace, name, potential }: Pod): string => potential ?? `${namespace}/Pod/${name}`;

/** The pods that an endpoint means by name. */
export function podsMeant({ members }: Endpoint): readonly Pod[] {
  if (members.kind === 'pods') return members.pods;
  return members.kind === 'backends' ? [...members.backends.targets.keys()].filter((backend) => typeof backend !== 'string') : [];
}

/** The id of a Service. */
export const serviceId = ({ namespace, name }: Service): string => `${namespace}/Service/${name}`;

/** Whether the text is an address of the family. */
export const isOfFamily = (address: string, family: Family): boolean => address.includes(':') === (family === 6);

/** The identity of a pod. */
export function podIdentity(pod: Pod): EndpointIdentity {
  if (pod.potential !== undefined) return { id: pod.potential, kind: 'Potential' };
  return { id: podId(pod), kind: 'Pod', namespace: pod.namespace, name: pod.name };
}
