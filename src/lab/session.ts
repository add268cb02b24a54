import type { Choices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import type { Flow } from '#core/verdict/check.ts';
import { everyPair, type FlowFault, type PlannedFlow, planFlows } from './flows.ts';
import type { AppliedByNode, Lab } from './lab.ts';
import { type BrokenPaths, type FlowResult, type LabReport, observeFlows, provePaths } from './run.ts';

/** What is looked at in a lab. */
export interface SessionOptions {
  readonly choices: Choices;
  /** The flows to try; every pair of the lab when absent. */
  readonly flows?: readonly Flow[];
}

/** A lab with the verdicts that its packets are compared with, as long as it runs. */
export class Session {
  readonly lab: Lab;
  readonly #options: SessionOptions;
  #analysis: Analysis;
  #planned: readonly PlannedFlow[] | FlowFault;
  #broken: BrokenPaths = new Map();

  /** Of a lab that does not enforce yet. */
  constructor(lab: Lab, options: SessionOptions) {
    this.lab = lab;
    this.#options = options;
    this.#analysis = new Analysis(lab.topology.cluster, options.choices);
    this.#planned = this.#plan();
  }

  /** Proves the paths of the flows, and has the policies enforced from then on. */
  async begin(): Promise<AppliedByNode | FlowFault> {
    if ('error' in this.#planned) return this.#planned;
    this.#broken = await provePaths(this.lab, this.#planned);
    return this.lab.enforce();
  }

  /** Makes the lab one of these objects. Paths that come with them can't be proved any more: policy is in force. */
  async update(objects: readonly KubernetesObject[]): Promise<AppliedByNode> {
    const applied = await this.lab.apply(objects);
    this.#analysis = new Analysis(this.lab.topology.cluster, this.#options.choices);
    const before = new Map(Array.from(this.#broken, ([flow, fault]) => [keyOf(flow), fault]));
    this.#planned = this.#plan();
    const known = 'error' in this.#planned ? [] : this.#planned.filter((flow) => before.has(keyOf(flow)));
    this.#broken = new Map(known.map((flow) => [flow, before.get(keyOf(flow))!]));
    return applied;
  }

  /** Tries all flows, or says which of them has no answer. */
  async report(): Promise<LabReport | FlowFault> {
    return 'error' in this.#planned ? this.#planned : observeFlows(this.lab, this.#planned, this.#broken);
  }

  /** Tries one flow. Rejects when it has no answer. */
  async probe(flow: Flow): Promise<FlowResult> {
    const planned = planFlows(this.#analysis, [flow]);
    if ('error' in planned) throw new Error(planned.error);
    return (await observeFlows(this.lab, planned)).flows[0]!;
  }

  #plan(): readonly PlannedFlow[] | FlowFault {
    return planFlows(this.#analysis, this.#options.flows ?? everyPair(this.lab.topology));
  }
}

/** What stays of a flow when everything else changes. */
const keyOf = ({ from, to, protocol, port, family }: PlannedFlow): string => JSON.stringify([from.id, to.id, protocol, port, family]);
