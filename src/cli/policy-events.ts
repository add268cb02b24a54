import { delayOf, speaksForAll } from '#agent/observe/speaker.ts';
import type { Applied } from '#agent/reconciler.ts';
import { qualifiedName } from '#core/api/types.ts';
import type { PolicyStatus } from '#core/enforcement/node-status.ts';
import { policyKey } from '#core/enforcement/wanted.ts';
import type { PolicyModel } from '#core/policy/policy-model.ts';
import type { Connection } from '#kube/connection.ts';
import { EventWriter, type EventWriterOptions } from '#kube/event-writer.ts';
import type { ObjectVersion, Unreadable } from '#kube/unreadable.ts';

interface Options extends Pick<EventWriterOptions, 'onResult' | 'onFault'> {
  readonly node: string;
  readonly connection: Connection;
  readonly model: PolicyModel;
  /** What is known of all policies. */
  readonly policies: () => readonly PolicyStatus[];
}

const groups: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networking.k8s.io/v1',
  ClusterNetworkPolicy: 'policy.networking.k8s.io/v1alpha2',
};

/**
 * Tells of policies that can't be honoured, as Events of these, and of their being mended. An object that can't be read is the same everywhere: two nodes are
 * elected to tell of it. What a kernel rejects may be a matter of that kernel: every node tells of it that runs subjects of the policy, in its time.
 */
export class PolicyEvents {
  readonly #options: Options;
  readonly #writer: EventWriter;
  readonly #unreadable = new Map<string, Unreadable>();
  /** The policies that the kernel rejected in the last pass. */
  #rejected: ReadonlyMap<string, ObjectVersion> = new Map();
  /** With the first pass the model knows what there is. */
  #knowsNodes = false;

  constructor(options: Options) {
    this.#options = options;
    this.#writer = new EventWriter(options);
  }

  unreadable(unreadable: Unreadable): void {
    this.#unreadable.set(policyKey(unreadable), unreadable);
    if (this.#knowsNodes) this.#tellUnreadable(unreadable);
  }

  readable(object: ObjectVersion, isGone: boolean): void {
    const before = this.#unreadable.get(policyKey(object));
    this.#unreadable.delete(policyKey(object));
    if (before === undefined || isGone || !this.#speaks(before)) return;
    const about = { ...object, apiVersion: before.apiVersion };
    this.#writer.tell({
      about,
      type: 'Normal',
      reason: 'Readable',
      message: 'Sallyport can read it again, and enforces it',
      delay: this.#delay(),
    });
  }

  /** A pass of the reconcile loop is over. */
  applied({ failures }: Applied): void {
    if (!this.#knowsNodes) {
      this.#knowsNodes = true;
      for (const unreadable of this.#unreadable.values()) this.#tellUnreadable(unreadable);
    }
    this.#follow(failures);
  }

  #follow(failures: Applied['failures']): void {
    const now = new Map<string, ObjectVersion>();
    for (const { policy, message } of failures) {
      if (policy === undefined) continue;
      const known = this.#rejected.get(policy);
      const about = known ?? this.#options.policies().find((each) => qualifiedName(each) === policy);
      if (about === undefined) continue;
      now.set(policy, about);
      if (known === undefined) this.#tell(about, 'Warning', 'Rejected', message);
    }
    for (const [policy, about] of this.#rejected)
      if (!now.has(policy) && this.#options.model.policies.has(policy))
        this.#tell(about, 'Normal', 'Enforced', 'the kernel takes its rules again; it is enforced as written');
    this.#rejected = now;
  }

  stop(): void {
    this.#writer.stop();
  }

  #tell({ kind, namespace, name, uid, generation }: ObjectVersion, type: 'Warning' | 'Normal', reason: string, message: string): void {
    const about = { kind, name, ...(namespace && { namespace }), ...(uid && { uid }), ...(generation && { generation }) };
    const onNode = `on node ${this.#options.node} ${message}`;
    this.#writer.tell({ about: { ...about, apiVersion: groups[kind] ?? '' }, type, reason, message: onNode, delay: this.#delay() });
  }

  #tellUnreadable(unreadable: Unreadable): void {
    if (!this.#speaks(unreadable)) return;
    const { isClosed, faults } = unreadable;
    const consequence = isClosed ? 'the pods that it may select are cut off' : 'it is not enforced';
    const message = `Sallyport can not read it, so ${consequence}: ${faults.join('; ')}`;
    this.#writer.tell({
      about: unreadable,
      type: 'Warning',
      reason: isClosed ? 'Unreadable' : 'NotSupported',
      message,
      delay: this.#delay(),
    });
  }

  #speaks(object: ObjectVersion): boolean {
    return speaksForAll(this.#options.model, this.#options.node, policyKey(object));
  }

  #delay(): number {
    return delayOf(this.#options.model);
  }
}
