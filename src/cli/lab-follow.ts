import type { AppliedByNode } from '#lab/lab.ts';
import type { Session } from '#lab/session.ts';
import { CannotAnswer } from './exit.ts';
import type { FlowList } from './flows.ts';
import { type Input, readObjects } from './input.ts';
import type { HeldConnections } from './lab-connections.ts';
import type { LabState } from './lab-live.ts';
import { failuresOf, type LabOptions, unanswered } from './lab-session.ts';
import { stderr } from './terminal.ts';

/** Where the state of a lab is shown. */
export interface View {
  show(state: LabState): Promise<void>;
}

/** What is followed, and the flows that were given as a list. */
interface FollowOptions extends LabOptions {
  readonly listed?: FlowList;
}

/** What is to be said with the next state that is shown. */
export class Messages {
  #lines: string[] = [];

  add(...lines: readonly (string | undefined)[]): void {
    this.#lines.push(...lines.filter((line) => line !== undefined));
  }

  take(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }
}

/** Has a lab follow its files: each change goes to the kernels, is tried with packets, and shown. */
export class Follower {
  readonly #options: FollowOptions;
  readonly #session: Session;
  readonly #view: View;
  readonly #held: HeldConnections;
  readonly #messages: Messages;
  /** Changes are taken in one after the other, and after the beginning; those that come meanwhile are one. */
  #isRunning = true;
  #isBehind = false;

  constructor(options: FollowOptions, session: Session, view: View, held: HeldConnections, messages: Messages) {
    this.#options = options;
    this.#session = session;
    this.#view = view;
    this.#held = held;
    this.#messages = messages;
  }

  /** Has the policies enforced, shows the first state, and then what has changed meanwhile. */
  async begin(): Promise<void> {
    const applied = await this.#session.begin();
    if ('error' in applied) throw unanswered(this.#options.listed, applied);
    await this.#show(applied);
    await this.#catchUp();
  }

  /** The files have changed. */
  touch(): void {
    this.#isBehind = true;
    if (!this.#isRunning) void this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    this.#isRunning = true;
    while (this.#isBehind) {
      this.#isBehind = false;
      await this.#follow();
    }
    this.#isRunning = false;
  }

  async #follow(): Promise<void> {
    const started = performance.now();
    const input = await this.#read();
    if (input === undefined) {
      await this.#show(new Map());
      return;
    }
    const applied = await this.#session.update(input.objects);
    await this.#show(applied, performance.now() - started);
  }

  /** The changed objects, or undefined where the files are at fault: then the lab stays as it was. */
  async #read(): Promise<Input | undefined> {
    try {
      return await readObjects(this.#options, (lines) => this.#messages.add(...lines));
    } catch (error) {
      if (!(error instanceof CannotAnswer)) throw error;
      this.#messages.add(stderr.style.palette.warning(`${error.message}; the lab stays as it was`));
      return undefined;
    }
  }

  async #show(applied: AppliedByNode, milliseconds?: number): Promise<void> {
    this.#messages.add(...failuresOf(applied));
    const live = await this.#held.check();
    const report = await this.#session.report();
    if ('error' in report) {
      this.#messages.add(stderr.style.palette.warning(unanswered(this.#options.listed, report).message));
      await stderr.print(this.#messages.take());
      return;
    }
    await this.#held.hold(report.flows);
    await this.#view.show({ report, live, messages: this.#messages.take(), ...(milliseconds !== undefined && { milliseconds }) });
  }
}
