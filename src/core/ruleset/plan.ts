import { elementOf, type Objects, type Pending } from './objects.ts';
import type { Chain, Change, RulesetObject, Transaction, Verdict } from './types.ts';

/**
 * The transactions of one change, with what to call after each has been committed. They run in this order:
 * - `prepare` only adds what nothing refers to yet;
 * - `switch` moves the dispatch to it and starts a new generation;
 * - `clean` takes away what nothing refers to any more.
 * One transaction that both creates a chain and points to it lets packets through that the old and the new policy deny: a packet in flight still has
 * the old rules, in which the new chain is empty.
 */
export interface Plan {
  readonly prepare: Transaction;
  readonly switch: Transaction;
  readonly clean: Transaction;
  /** Whether peers only were added, so that no connection has to be judged again. */
  readonly isAddition: boolean;
  prepared(): void;
  switched(): void;
  cleaned(): void;
}

/** What changes of the fixed part of the table. */
interface Frame {
  readonly hooks: readonly Chain[];
  readonly damagedHooks: readonly Chain[];
  readonly generation: readonly Chain[];
  readonly isAddition: boolean;
}

/** The transactions for what is pending; undefined when nothing is. */
export function planOf(pending: Pending, objects: Objects, frame: Frame): Omit<Plan, 'prepared' | 'switched' | 'cleaned'> | undefined {
  const elements = elementChanges(pending.touched, objects);
  const replaced = new Set(frame.generation.map(({ name }) => name));
  const plan = {
    prepare: pending.created.map((object): Change => ({ change: 'create', object })),
    switch: [
      ...pending.damaged.filter(({ name }) => !replaced.has(name)).flatMap(refill),
      ...elements.now,
      ...[...frame.generation, ...frame.damagedHooks].flatMap(refill),
      ...frame.hooks.map((object): Change => ({ change: 'create', object })),
    ],
    clean: [
      ...elements.later,
      ...[...pending.idle, ...pending.strangers].map(({ kind, name }): Change => ({ change: 'remove', kind, name })),
    ],
    isAddition: frame.isAddition,
  };
  return plan.prepare.length + plan.switch.length + plan.clean.length === 0 ? undefined : plan;
}

/** Gives an existing object the content it should have. */
function refill(object: RulesetObject): Change[] {
  if (object.kind === 'chain') return [{ change: 'replace', chain: object.name, rules: object.rules }];
  return object.kind === 'counter' ? [] : [{ change: 'refill', object }];
}

/**
 * Element changes. An address leaves `@isolated` in the switch and the dispatch map in the clean-up only: a packet that saw the address isolated
 * must still find its gate.
 */
function elementChanges(touched: Pending['touched'], objects: Objects): { now: Change[]; later: Change[] } {
  const now: Change[] = [];
  const later: Change[] = [];
  for (const [name, keys] of touched) {
    const object = objects.get(name)!;
    const changes = Array.from(keys, ([key, before]) => ({ key, before, after: elementOf(object, key) }));
    const gone = changes.filter(({ after }) => after === undefined).map(({ key }) => [key] as const);
    const replaced = changes.filter(({ before, after }) => before !== undefined && after !== undefined).map(({ key }) => [key] as const);
    const added = changes.flatMap(({ key, after }) => (after === undefined ? [] : [elementWith(key, after)]));
    const types = 'types' in object ? object.types : [];
    const step = (change: 'add' | 'delete', elements: typeof added): Change[] =>
      elements.length === 0 ? [] : [{ change, set: name, types, elements }];
    (object.kind === 'map' ? later : now).push(...step('delete', gone));
    now.push(...step('delete', replaced), ...step('add', added));
  }
  return { now, later };
}

const elementWith = (key: string, value: Verdict | true): readonly [string, Verdict?] => (value === true ? [key] : [key, value]);

/** Puts into the named sets what is pending for them, and takes nothing out. */
export function closingTransaction({ touched }: Pending, objects: Objects, names: readonly string[]): Transaction {
  return elementChanges(touched, objects).now.filter((change) => change.change === 'add' && names.includes(change.set));
}
