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
  /** Names of base chains that are to go. */
  readonly goneHooks: readonly string[];
  readonly damagedHooks: readonly Chain[];
  readonly generation: readonly Chain[];
  readonly isAddition: boolean;
}

/** The transactions for what is pending; undefined when nothing is. */
export function planOf(pending: Pending, objects: Objects, frame: Frame): Omit<Plan, 'prepared' | 'switched' | 'cleaned'> | undefined {
  const elements = elementChanges(pending.touched, objects);
  const replaced = new Set(frame.generation.map(({ name }) => name));
  const plan = {
    prepare: [...elements.early, ...pending.created.map((object): Change => ({ change: 'create', object }))],
    switch: [
      ...pending.damaged.filter(({ name }) => !replaced.has(name)).flatMap(refill),
      ...elements.now,
      ...[...frame.generation, ...frame.damagedHooks].flatMap(refill),
      ...frame.hooks.map((object): Change => ({ change: 'create', object })),
    ],
    clean: [
      ...elements.later,
      ...frame.goneHooks.map((name): Change => ({ change: 'remove', kind: 'chain', name })),
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
 * must still find its gate. A map that is asked before others gets new elements before these change.
 */
function elementChanges(touched: Pending['touched'], objects: Objects): { early: Change[]; now: Change[]; later: Change[] } {
  const early: Change[] = [];
  const now: Change[] = [];
  const later: Change[] = [];
  for (const [name, keys] of touched) {
    const object = objects.get(name)!;
    const changes = Array.from(keys, ([key, before]) => ({ key, before, after: elementOf(object, key) }));
    const gone = changes.filter(({ after }) => after === undefined).map(({ key }) => [key] as const);
    const there = changes.flatMap(({ key, before, after }) =>
      after === undefined ? [] : [{ isNew: before === undefined, element: elementWith(key, after) }],
    );
    const replaced = there.filter(({ isNew }) => !isNew).map(({ element }) => element);
    const fresh = there.filter(({ isNew }) => isNew).map(({ element }) => element);
    const moves = object.kind === 'map' ? object.moves : undefined;
    const leavesFirst = object.kind === 'set' && object.leaves === 'first';
    const types = 'types' in object ? object.types : [];
    const step = (change: 'add' | 'delete', elements: typeof fresh): Change[] =>
      elements.length === 0 ? [] : [{ change, set: name, types, elements }];
    (moves === 'last' ? later : leavesFirst ? early : now).push(...step('delete', gone));
    (moves === 'first' ? early : now).push(...step('add', fresh));
    now.push(
      ...step(
        'delete',
        replaced.map(([key]) => [key] as const),
      ),
      ...step('add', replaced),
    );
  }
  return { early, now, later };
}

const elementWith = (key: string, value: Verdict | true): readonly [string, Verdict?] => (value === true ? [key] : [key, value]);

/** Puts into sets what is pending for them and wanted, and takes nothing out. */
export function closingTransaction(
  { touched }: Pending,
  objects: Objects,
  isWanted: (set: string, element: string) => boolean,
): Transaction {
  return elementChanges(touched, objects).now.flatMap((change): Change[] => {
    if (change.change !== 'add') return [];
    const elements = change.elements.filter(([element]) => isWanted(change.set, element));
    return elements.length === 0 ? [] : [{ ...change, elements }];
  });
}
