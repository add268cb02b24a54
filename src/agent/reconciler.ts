import type { Choices } from '#core/api/choices.ts';
import { isPolicyKind, qualifiedName } from '#core/api/types.ts';
import type { ClusterChange } from '#core/cluster/cluster.ts';
import { PolicyModel } from '#core/policy/policy-model.ts';
import type { RulesetOptions } from '#core/ruleset/frame.ts';
import { NodeRuleset } from '#core/ruleset/node-ruleset.ts';
import type { Plan } from '#core/ruleset/plan.ts';
import { type Transaction, table } from '#core/ruleset/types.ts';
import { findUnprogrammable } from './blame.ts';
import type { Kernel } from './kernel.ts';

/** A policy whose subjects are closed because the kernel rejects what it says, or a fault of the machine. */
export interface Failure {
  /** `namespace/name`, or the name of a cluster-wide policy; absent when no single policy is at fault. */
  readonly policy?: string;
  readonly message: string;
}

/** What one pass of the loop did. */
export interface Applied {
  /** The version of the last batch of changes that the kernel now has. */
  readonly version: number;
  /** Whether the kernel was told anything. */
  readonly changed: boolean;
  /** From when the pass began to when the kernel had it. */
  readonly milliseconds: number;
  /** From when the oldest of the changes came in to when the kernel had all of them. */
  readonly latency: number;
  /** Everything that is not enforced as written at this moment. */
  readonly failures: readonly Failure[];
  /** Names of objects that an audit found different from what they should be. */
  readonly repaired: readonly string[];
}

export interface ReconcilerOptions extends Omit<RulesetOptions, 'choices'> {
  readonly node: string;
  readonly choices: Choices;
  readonly kernel: Kernel;
  /** Told of every pass that changed something or took in a new version. */
  readonly onApplied: (applied: Applied) => void;
  /** Milliseconds between audits; 0 for none. */
  readonly auditInterval: number;
  /** Called before objects are removed that have counted: what they have counted goes with them. */
  readonly onRemoval?: () => Promise<void>;
  /** Milliseconds before a failed pass is tried again. */
  readonly retryInterval: number;
}

/** Milliseconds between two audits because somebody takes away what is ours: two who fight over a table must not take the machine. */
const noticePause = 1000;

/**
 * Keeps the kernel's table what policies say. One pass at a time; what comes in meanwhile is one batch for the next. Before `synced` nothing is
 * programmed. When it dies, the kernel goes on enforcing; a new one adopts what is there.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #model: PolicyModel;
  readonly #ruleset: NodeRuleset;
  #queue: ClusterChange[] = [];
  #version = 0;
  /** The version that the kernel has, and the one that was reported. */
  #applied = 0;
  #reported = 0;
  #isSynced = false;
  /** When the oldest change came in that the kernel does not have. */
  #since: number | undefined;
  #mustAdopt = true;
  /** Connections from before this agent may be known to conntrack the wrong way round. */
  #mustForgetPickedUp = true;
  #isDirty = false;
  #running: Promise<void> | undefined;
  #timers: NodeJS.Timeout[] = [];
  #notice: NodeJS.Timeout | undefined;
  #nextNotice = 0;
  #isStopped = false;
  #gone: string[] = [];
  #passingSince: number | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#model = new PolicyModel(options.choices);
    this.#ruleset = new NodeRuleset(this.#model, options.node, options);
    options.kernel.onDeletion(() => this.#noticed());
    if (options.auditInterval > 0) this.#timers.push(setInterval(() => this.audit(), options.auditInterval));
  }

  /** What the node is to enforce: for those who count it. */
  get ruleset(): NodeRuleset {
    return this.#ruleset;
  }

  /** What is known of the cluster. */
  get model(): PolicyModel {
    return this.#model;
  }

  /** When the pass began that is under way, by the monotonic clock in milliseconds; undefined when none is. */
  get passingSince(): number | undefined {
    return this.#passingSince;
  }

  /** Takes in a batch of changes; `version` comes back when the kernel has it. */
  offer(changes: readonly ClusterChange[], version: number): void {
    for (const change of changes) this.#queue.push(change);
    this.#version = version;
    this.#since ??= performance.now();
    this.#wake();
  }

  /** The changes so far are a complete picture: programming may begin. */
  synced(): void {
    this.#isSynced = true;
    this.#wake();
  }

  /** Compares the kernel with the intent and repairs what differs, at the next pass. */
  audit(): void {
    this.#mustAdopt = true;
    for (const policy of this.#ruleset.closed) this.#ruleset.setClosed(policy, false);
    this.#wake();
  }

  /** Somebody takes away what is ours: at once the first time, with pauses from one who goes on. */
  #noticed(): void {
    if (this.#isStopped || this.#notice !== undefined) return;
    const wait = Math.max(0, this.#nextNotice - performance.now());
    this.#notice = setTimeout(() => {
      this.#notice = undefined;
      this.#nextNotice = performance.now() + noticePause;
      this.audit();
    }, wait);
  }

  /** Stops the loop after the pass that runs; the table stays. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of [...this.#timers, this.#notice]) clearTimeout(timer);
    await this.#running;
  }

  #wake(): void {
    this.#isDirty = true;
    if (!this.#isSynced || this.#isStopped || this.#running !== undefined) return;
    // What arrives in this turn of the event loop belongs to the same batch.
    this.#running = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#passes())
      .finally(() => {
        this.#running = undefined;
        if (this.#isDirty && !this.#isStopped) this.#wake();
      });
  }

  async #passes(): Promise<void> {
    while (this.#isDirty && !this.#isStopped) {
      this.#isDirty = false;
      const started = performance.now();
      this.#passingSince = started;
      const since = this.#since ?? started;
      this.#since = undefined;
      const version = this.#takeIn();
      const { repaired, changed, failures } = await this.#program(version);
      if (this.#applied !== version) this.#since = since;
      if (changed || this.#applied !== this.#reported || failures.length > 0) this.#report({ started, since, failures, repaired, changed });
      // What can wait until the kernel has the change.
      const later = await attempt(() => this.#tidy());
      if (later.length > 0) this.#report({ started, since, failures: later, repaired: [], changed: false });
      this.#passingSince = undefined;
    }
  }

  /** Brings the kernel to what is known now. */
  async #program(version: number): Promise<{ repaired: string[]; changed: boolean; failures: Failure[] }> {
    let repaired: string[] = [];
    let changed = false;
    const failures = await attempt(async () => {
      const found = this.#mustAdopt ? await this.#adopt() : [];
      changed = await this.#apply();
      repaired = found;
      this.#applied = version;
    });
    if (failures.length > 0) this.#failed();
    for (const policy of this.#ruleset.closed)
      failures.push({ policy, message: `the kernel rejects its rules; ${this.#consequence(policy)}` });
    return { repaired, changed, failures };
  }

  #consequence(name: string): string {
    const policy = this.#model.policies.get(name);
    return policy && this.#model.isAudited(policy)
      ? 'it is in audit, so nothing is closed, and everything is told of'
      : 'its pods are closed';
  }

  #report({ started, since, ...what }: { started: number; since: number } & Pick<Applied, 'failures' | 'repaired' | 'changed'>): void {
    this.#reported = this.#applied;
    const now = performance.now();
    this.#options.onApplied({ version: this.#applied, milliseconds: now - started, latency: now - since, ...what });
  }

  #takeIn(): number {
    const changes = this.#queue;
    this.#queue = [];
    for (const change of changes) {
      const id = change.type === 'put' ? change.object : change.id;
      // A policy that was edited gets another chance.
      if (isPolicyKind(id.kind) && this.#ruleset.closed.has(qualifiedName(id))) this.#ruleset.setClosed(qualifiedName(id), false);
    }
    this.#gone.push(...this.#ruleset.update(this.#model.update(changes)));
    return this.#version;
  }

  /** Begins with what the kernel holds. Returns the names of what was not as it should be. */
  async #adopt(): Promise<string[]> {
    const { kernel } = this.#options;
    const actual = await kernel.list();
    const expected = actual.size === 0 ? actual : await kernel.listOf(this.#ruleset.objects());
    const drift = this.#ruleset.adopt(actual, expected);
    this.#mustAdopt = false;
    if (actual.size === 0 && this.#applied > 0) return [`table ${table}`];
    return [...drift.damaged, ...drift.strangers.map(({ name }) => name)];
  }

  async #apply(): Promise<boolean> {
    let plan = this.#ruleset.plan();
    if (plan === undefined) return false;
    if (!(await this.#prepare(plan))) {
      await this.#isolate(plan);
      plan = this.#ruleset.plan();
      if (plan === undefined) return false;
      await this.#run(plan.prepare);
      plan.prepared();
    }
    await this.#run(plan.switch);
    plan.switched();
    if (plan.clean.some((change) => change.change === 'remove' && change.kind === 'counter')) await this.#options.onRemoval?.();
    await this.#run(plan.clean);
    plan.cleaned();
    return true;
  }

  async #prepare(plan: Plan): Promise<boolean> {
    try {
      await this.#run(plan.prepare);
    } catch {
      return false;
    }
    plan.prepared();
    return true;
  }

  /** Finds the policies that the kernel rejects and closes their subjects; everyone else is programmed. */
  async #isolate(plan: Plan): Promise<void> {
    const { kernel } = this.#options;
    await this.#run(this.#ruleset.closingTransaction());
    const atFault = await findUnprogrammable(this.#ruleset.policiesOf(plan.prepare), (policies) =>
      kernel.check(this.#ruleset.trialOf(policies)),
    );
    for (const policy of atFault) this.#ruleset.setClosed(policy, true);
    // The closing script told the kernel more than is noted; the next pass compares.
    this.#mustAdopt = true;
  }

  async #run(transaction: Transaction): Promise<void> {
    if (transaction.length > 0) await this.#options.kernel.commit(transaction);
  }

  /** What follows a change and need not be awaited by it: connections of addresses that changed hands, marks whose numbers are used up. */
  async #tidy(): Promise<void> {
    const { kernel } = this.#options;
    const gone = this.#gone;
    this.#gone = [];
    if (gone.length > 0) await kernel.forgetConnections(gone);
    if (this.#mustForgetPickedUp) await kernel.forgetPickedUp(this.#ruleset.policedAddresses());
    this.#mustForgetPickedUp = false;
    if (!this.#ruleset.wantsClearMarks) return;
    await kernel.clearMarks(this.#options.markMask);
    this.#ruleset.marksCleared();
    await this.#apply();
  }

  /** After an unexpected rejection the kernel is looked at again before anything else. */
  #failed(): void {
    this.#mustAdopt = true;
    if (this.#isStopped) return;
    this.#timers.push(setTimeout(() => this.#wake(), this.#options.retryInterval));
  }
}

/** Whatever it throws as a failure: the loop goes on, and says so. */
async function attempt(work: () => Promise<void>): Promise<Failure[]> {
  try {
    await work();
    return [];
  } catch (error) {
    return [{ message: error instanceof Error ? error.message : String(error) }];
  }
}
