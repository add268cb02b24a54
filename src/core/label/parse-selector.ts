import { type Requirement, type Selector, selector } from './selector.ts';

/** Why a text is no selector. */
export interface SelectorFault {
  readonly error: string;
}

/**
 * Reads a selector as kubectl writes it: `app=web,tier in (a,b),env!=dev,x notin (y),key,!other`; an empty text selects everything.
 * Whether keys and values are valid as such is for the caller to ask. Source: labels.Parse in apimachinery.
 */
export function parseSelector(text: string): Selector | SelectorFault {
  if (text.trim() === '') return selector([]);
  const requirements: Requirement[] = [];
  for (const part of partsOf(text)) {
    const requirement = requirementOf(part.trim());
    if (requirement === undefined)
      return { error: `\`${part.trim()}\` is no label requirement: write key=value, key!=value, key in (a,b), key or !key` };
    requirements.push(requirement);
  }
  return selector(requirements);
}

/** The parts between commas that stand outside of brackets. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')') depth--;
    else if (text[at] === ',' && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

const key = '[^\\s=!,()]+';
const forms: readonly { readonly pattern: RegExp; readonly read: (key: string, rest: string) => Requirement }[] = [
  {
    pattern: new RegExp(`^(${key})\\s+in\\s*\\(([^()]*)\\)$`),
    read: (name, rest) => ({ key: name, operator: 'In', values: valuesOf(rest) }),
  },
  {
    pattern: new RegExp(`^(${key})\\s+notin\\s*\\(([^()]*)\\)$`),
    read: (name, rest) => ({ key: name, operator: 'NotIn', values: valuesOf(rest) }),
  },
  { pattern: new RegExp(`^(${key})\\s*!=\\s*([^\\s=!,()]*)$`), read: (name, rest) => ({ key: name, operator: 'NotIn', values: [rest] }) },
  { pattern: new RegExp(`^(${key})\\s*==?\\s*([^\\s=!,()]*)$`), read: (name, rest) => ({ key: name, operator: 'In', values: [rest] }) },
  { pattern: new RegExp(`^!\\s*(${key})$`), read: (name) => ({ key: name, operator: 'DoesNotExist' }) },
  { pattern: new RegExp(`^(${key})$`), read: (name) => ({ key: name, operator: 'Exists' }) },
];

const valuesOf = (list: string): string[] => list.split(',').map((value) => value.trim());

function requirementOf(text: string): Requirement | undefined {
  for (const { pattern, read } of forms) {
    const match = pattern.exec(text);
    if (match !== null) return read(match[1]!, match[2] ?? '');
  }
  return undefined;
}
