import type { Applied } from '#agent/reconciler.ts';
import { kindAndName } from '#core/api/types.ts';
import type { Drop, Missed } from '#core/verdict/drop.ts';
import type { UnjudgedDevice } from '#dataplane/unjudged.ts';
import type { WatchNote } from '#kube/cluster-watch.ts';
import { KubeFault } from '#kube/fault.ts';
import { Forbidden, permissionFault, teller, watcher } from '#kube/permission.ts';
import { messageOf } from './exit.ts';

type Level = 'info' | 'warn' | 'error';

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;

/** What an agent has to say: one JSON object a line, with `time`, `level` and `event`. */
export class AgentLog {
  readonly #write: (line: string) => void;
  /** The failures of the last pass, by what they say: each is told when it comes and when it goes. */
  #failing = new Map<string, Applied['failures'][number]>();
  /** What the last look at the links found, by device and setting. */
  #unjudged = new Map<string, UnjudgedDevice>();
  #isFirst = true;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Says that something happened. */
  tell(level: Level, event: string, fields: object = {}): void {
    this.#write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  }

  /** Says what a pass of the reconcile loop did. */
  applied({ changed, latency, milliseconds, repaired, failures, version }: Applied): void {
    const times = { latency: rounded(latency), milliseconds: rounded(milliseconds) };
    if (changed) this.tell('info', this.#isFirst ? 'programmed' : 'applied', { version, ...times });
    // What the first pass found different is what has changed while no agent ran.
    if (repaired.length > 0) this.tell(this.#isFirst ? 'info' : 'warn', this.#isFirst ? 'adopted' : 'repaired', { objects: repaired });
    if (changed) this.#isFirst = false;
    this.#failures(failures);
  }

  #failures(failures: Applied['failures']): void {
    const now = new Map(failures.map((failure) => [`${failure.policy}: ${failure.message}`, failure]));
    for (const [key, failure] of now) if (!this.#failing.has(key)) this.tell('error', 'failed', failure);
    for (const [key, failure] of this.#failing) if (!now.has(key)) this.tell('info', 'mended', failure);
    this.#failing = now;
  }

  /** Says what was denied, or would be. */
  drop(line: Drop | Missed): void {
    const { time: _, ...fields } = line;
    this.tell('info', 'missed' in line ? 'drops-missed' : line.audit ? 'audited' : 'denied', fields);
  }

  /** Says where policy between pods of this node cannot be enforced: of each place when it comes, and when it is mended. */
  unjudged(devices: readonly UnjudgedDevice[]): void {
    const now = new Map(devices.map((each) => [`${each.device} ${each.setting}`, each]));
    for (const [key, { device, setting, value }] of now) {
      if (this.#unjudged.has(key)) continue;
      const state = value === undefined ? 'br_netfilter is not loaded' : `${setting} is ${value}`;
      const message = `${state}: packets between pods of this node on ${device} pass unjudged`;
      this.tell('error', 'unjudged', { device, message, hint: `modprobe br_netfilter && sysctl -w ${setting}=1` });
    }
    for (const [key, { device, setting }] of this.#unjudged) if (!now.has(key)) this.tell('info', 'judged', { device, setting });
    this.#unjudged = now;
  }

  /** Says why Events can't be written; nothing else depends on them. */
  untold(fault: unknown): void {
    const { message, hint } =
      fault instanceof Forbidden ? permissionFault([fault], teller) : { message: messageOf(fault), ...hintOf(fault) };
    this.tell('warn', 'untold', { message, ...(hint !== undefined && { hint }) });
  }

  /** Says what the watch of the cluster has met. */
  note(note: WatchNote): void {
    switch (note.type) {
      case 'fault':
        this.tell('warn', 'unreachable', { resource: note.resource, message: messageOf(note.fault), ...hintOf(note.fault) });
        break;
      case 'forbidden': {
        const { message, hint } = permissionFault(note.refused, watcher);
        this.tell('error', 'forbidden', { message, hint });
        break;
      }
      case 'unreadable':
        this.tell('error', 'unreadable', { object: note.object, closed: note.isClosed, faults: note.faults });
        break;
      case 'readable':
        this.tell('info', 'readable', { object: kindAndName(note.object), ...(note.isGone && { gone: true }) });
        break;
      case 'relisted':
      case 'recovered':
        this.tell('info', note.type, { resource: note.resource, ...('reason' in note && { reason: note.reason }) });
    }
  }
}

const hintOf = (fault: unknown): { readonly hint?: string } =>
  fault instanceof KubeFault && fault.hint !== undefined ? { hint: fault.hint } : {};
