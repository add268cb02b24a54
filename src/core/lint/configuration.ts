import { closest } from '../api/spelling.ts';
import { type Severity, severities } from './finding.ts';
import { titles } from './lint.ts';

/** The file in which a folder says how it is looked at. */
export const configurationFile = '.sallyport.yaml';

/** How bad findings of rules are, by code. */
export type RuleSeverities = ReadonlyMap<string, Severity | 'off'>;

/** What a configuration says, or what is wrong with it in one line. schema/config.schema.json has it for editors. */
export function configurationOf(value: unknown): RuleSeverities | { readonly error: string } {
  try {
    return severitiesIn(value ?? {});
  } catch (fault) {
    if (fault instanceof Refusal) return { error: fault.message };
    throw fault;
  }
}

/** What is wrong with a code that names no rule, if it names none. */
export function codeFault(code: string): string | undefined {
  if (titles.has(code)) return undefined;
  const near = closest(code, [...titles.keys()]);
  return `there is no rule ${code}${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** A configuration that is not taken. */
class Refusal extends Error {}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `lint: {rules: {code: severity}}`. */
function severitiesIn(value: unknown): RuleSeverities {
  const rules = recordAt(recordAt(value, 'lint'), 'rules');
  const known: readonly unknown[] = [...severities, 'off'];
  for (const [code, severity] of Object.entries(rules)) {
    const fault = codeFault(code);
    if (fault !== undefined) throw new Refusal(`lint.rules: ${fault}`);
    if (!known.includes(severity)) throw new Refusal(`lint.rules.${code}: must be one of ${known.join(', ')}`);
  }
  return new Map(Object.entries(rules) as [string, Severity | 'off'][]);
}

/** The map at the only field that there may be. */
function recordAt(value: unknown, field: string): Record<string, unknown> {
  if (!isRecord(value)) throw new Refusal(`must be a map with the field ${field}`);
  const unknown = Object.keys(value).find((key) => key !== field);
  if (unknown !== undefined) throw new Refusal(`unknown field ${unknown}: supported is ${field}`);
  const found = value[field] ?? {};
  if (!isRecord(found)) throw new Refusal(`${field}: must be a map`);
  return found;
}
