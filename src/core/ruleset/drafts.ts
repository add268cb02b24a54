import { formatPorts } from '../net/port-set.ts';
import type { Objects } from './objects.ts';
import type { PortEntry } from './ports.ts';
import { printElement, printRule } from './print.ts';
import type { Rule, Verdict } from './types.ts';

/** What a chain is made of while it is built: its rules, and the names it took references to. */
export interface Draft {
  readonly rules: Rule[];
  readonly taken: string[];
}

/** A reference to the chain of the draft, whose references pass to it. `comment` follows from the rules, or has to be a part of the content. */
export function takeChain(objects: Objects, prefix: string, { rules, taken }: Draft, comment: string, isPartOfContent = false): string {
  const text = rules.map(printRule).join('\n');
  return objects.take(prefix, isPartOfContent ? `${comment}\n${text}` : text, taken, (name) => ({ kind: 'chain', name, rules, comment }));
}

/** A reference to the map from ports to verdicts; `taken` are the names that these verdicts refer to, whose references pass to it. */
export function takePorts(objects: Objects, entries: readonly PortEntry<Verdict>[], taken: readonly string[]): string {
  const elements = new Map(entries.map(({ ports, value }) => [formatPorts([ports])[0]!, value] as const));
  const interval = entries.some(({ ports }) => ports[0] !== ports[1]);
  const content = Array.from(elements, ([ports, verdict]) => printElement(ports, verdict)).join(', ');
  return objects.take('ports', content, taken, (name) => ({ kind: 'map', name, types: ['inet_service'], interval, elements }));
}
