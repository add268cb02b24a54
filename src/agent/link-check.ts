import type { ClusterChange } from '#core/cluster/cluster.ts';
import { parseCidr } from '#core/net/cidr.ts';
import { type UnjudgedDevice, unjudgedDevices } from '#dataplane/unjudged.ts';

/** Milliseconds between two looks: settings of the kernel change in silence. */
const lookInterval = 60_000;
/** Milliseconds in which those who ask for a look are gathered: a plugin writes several times of each pod. */
const gatheringTime = 100;

/** Looks whether pods of this node are side by side where policy between them cannot be enforced. Nothing else would tell. */
export class LinkCheck {
  readonly #node: string;
  readonly #onLook: (devices: readonly UnjudgedDevice[]) => void;
  #ranges: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isAskedFor = false;

  /** `onLook` is told what each look has found. */
  constructor(node: string, onLook: (devices: readonly UnjudgedDevice[]) => void) {
    this.#node = node;
    this.#onLook = onLook;
  }

  /** Takes in where the pods of the node have their addresses. */
  learn(changes: readonly ClusterChange[]): void {
    for (const change of changes)
      if (change.type === 'put' && change.object.kind === 'Node' && change.object.name === this.#node)
        this.#ranges = change.object.podCidrs;
  }

  /** Looks soon, and every minute from then on: call it when a pod comes, whose plugin may have made the first bridge. */
  look(): void {
    if (this.#isAskedFor) return;
    this.#isAskedFor = true;
    this.#lookAfter(gatheringTime);
  }

  #lookAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isAskedFor = false;
      this.#onLook(unjudgedDevices(this.#ranges.flatMap((range) => parseCidr(range)?.cidr ?? [])));
      this.#lookAfter(lookInterval);
    }, milliseconds);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
