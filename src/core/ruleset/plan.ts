import { elementOf, type Objects, type Pending } from './objects.ts';
import { printAdd, printDelete, printElement, printElements, printRules } from './print.ts';
import type { Chain, RulesetObject } from './types.ts';
import { table } from './types.ts';

/**
 * The transactions of one change, each a script for nft, empty when there is nothing to do. They run in this order:
 * - `prepare` only adds what nothing refers to yet;
 * - `switch` moves the dispatch to it and starts a new generation;
 * - `clean` takes away what nothing refers to any more.
 * One transaction that both creates a chain and points to it lets packets through that the old and the new policy deny: a packet in flight still has
 * the old rules, in which the new chain is empty.
 */
export interface Transactions {
  readonly prepare: string;
  readonly switch: string;
  readonly clean: string;
}

/** The transactions of a change, with what to call after each has been committed. */
export interface Plan extends Transactions {
  /** Whether peers only were added, so that no connection has to be judged again. */
  readonly isAddition: boolean;
  /** Chains that `prepare` creates, for finding the one at fault when it is rejected. */
  readonly created: readonly RulesetObject[];
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

/** The scripts for what is pending; undefined when nothing is. */
export function planOf(
  pending: Pending,
  objects: Objects,
  { hooks, damagedHooks, generation, isAddition }: Frame,
): Omit<Plan, 'prepared' | 'switched' | 'cleaned'> | undefined {
  const { created, touched, idle, damaged, strangers } = pending;
  const elements = elementCommands(touched, objects);
  const replaced = new Set(generation.map(({ name }) => name));
  const move = [
    ...refillAll(damaged.filter(({ name }) => !replaced.has(name))),
    ...elements.now,
    ...refillAll([...generation, ...damagedHooks]),
    ...addAll(hooks),
  ];
  const clean = [...elements.later, ...removeAll([...idle, ...strangers])];
  const prepare = created.length === 0 ? [] : [`add table ${table}`, ...addAll(created)];
  if (prepare.length + move.length + clean.length === 0) return undefined;
  return { prepare: script(prepare), switch: script(move), clean: script(clean), isAddition, created };
}

const script = (commands: readonly string[]): string => (commands.length === 0 ? '' : `${commands.join('\n')}\n`);

/** The commands that create objects: what is referred to comes first, rules last. */
export function addAll(objects: readonly RulesetObject[]): string[] {
  const of = (...kinds: RulesetObject['kind'][]): RulesetObject[] => objects.filter(({ kind }) => kinds.includes(kind));
  const chains = of('chain') as Chain[];
  return [...of('counter', 'set').map(printAdd), ...chains.map(printAdd), ...of('map').map(printAdd), ...chains.flatMap(printRules)];
}

/** The commands that remove objects which nothing else refers to. */
function removeAll(objects: readonly { readonly kind: RulesetObject['kind']; readonly name: string }[]): string[] {
  return [...objects.filter(({ kind }) => kind === 'chain').map(({ name }) => `flush chain ${table} ${name}`), ...objects.map(printDelete)];
}

/** The commands that give existing objects the content they should have. */
function refillAll(objects: readonly RulesetObject[]): string[] {
  return objects.flatMap((object) => {
    if (object.kind === 'chain') return [`flush chain ${table} ${object.name}`, ...printRules(object)];
    return object.kind === 'counter' ? [] : [`flush ${object.kind} ${table} ${object.name}`, printAdd(object)];
  });
}

/**
 * Element changes. An address leaves `@isolated` in the switch and the dispatch map in the clean-up only: a packet that saw the address isolated
 * must still find its gate.
 */
function elementCommands(touched: Pending['touched'], objects: Objects): { now: string[]; later: string[] } {
  const now: string[] = [];
  const later: string[] = [];
  for (const [name, keys] of touched) {
    const object = objects.get(name)!;
    const changes = Array.from(keys, ([key, before]) => ({ key, before, after: elementOf(object, key) }));
    const gone = changes.filter(({ after }) => after === undefined).map(({ key }) => key);
    const replaced = changes.filter(({ before, after }) => before !== undefined && after !== undefined).map(({ key }) => key);
    const added = changes.flatMap(({ key, after }) => (after === undefined ? [] : [printElement(key, after === true ? undefined : after)]));
    (object.kind === 'map' ? later : now).push(...printElements('delete', object, gone));
    now.push(...printElements('delete', object, replaced), ...printElements('add', object, added));
  }
  return { now, later };
}

/** The commands that put into the named sets what is pending for them and take nothing out. */
export function closingScript({ touched }: Pending, names: readonly string[]): string {
  return script(
    names.flatMap((name) => {
      const added = Array.from(touched.get(name) ?? []).flatMap(([key, before]) => (before === undefined ? [key] : []));
      return printElements('add', { name }, added);
    }),
  );
}
