import { flowKey } from '#core/render/lab.ts';
import type { Lab } from '#lab/lab.ts';
import type { LiveConnection } from '#lab/live-connection.ts';
import type { FlowResult } from '#lab/run.ts';

/** More connections than this would take longer to try than a user waits for a screen. */
const mostConnections = 200;

/** Keeps a connection open for each flow that is let through, to see which of them a change of policy cuts. */
export class HeldConnections {
  readonly #lab: Lab;
  readonly #held = new Map<string, LiveConnection>();

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Opens connections for flows that are let through and have none yet. What cannot be opened is left: the report says why. */
  async hold(flows: readonly FlowResult[]): Promise<void> {
    const wanted = flows.filter((flow) => flow.observed === 'allow' && flow.protocol === 'TCP' && !this.#held.has(flowKey(flow)));
    const room = mostConnections - this.#held.size;
    await Promise.allSettled(wanted.slice(0, room).map((flow) => this.#open(flow)));
  }

  async #open(flow: FlowResult): Promise<void> {
    const { from, to, port } = flow;
    if (from.ip === undefined || to.ip === undefined || to.kind === 'Service') return;
    const connection = await this.#lab.openConnection({ from: from.ip, to: to.ip, protocol: 'TCP', port });
    this.#held.set(flowKey(flow), connection);
  }

  /** Tries each connection, in both directions, and lets go of those that are cut. */
  async check(): Promise<ReadonlyMap<string, 'cut' | 'kept'>> {
    const results = await Promise.all(
      Array.from(this.#held, async ([key, connection]) => {
        const isAlive = (await connection.sendFromClient()) && (await connection.sendFromServer());
        if (!isAlive) {
          connection.close();
          this.#held.delete(key);
        }
        return [key, isAlive ? 'kept' : 'cut'] as const;
      }),
    );
    return new Map(results);
  }

  /** Lets go of all. */
  close(): void {
    for (const connection of this.#held.values()) connection.close();
    this.#held.clear();
  }
}
