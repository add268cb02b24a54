import { readFile } from 'node:fs/promises';
import { closest } from '#core/api/spelling.ts';
import { type LintSettings, titles } from '#core/lint/lint.ts';
import { type Severity, severities } from '#core/lint/rule.ts';
import { CannotAnswer, messageOf } from './exit.ts';

/** The file in the current directory that is read unless another is named. */
const usualFile = '.sallyport.yaml';

/** The options of lint that say which rules run. */
export interface RuleOptions {
  readonly rule?: readonly string[];
  readonly skip?: readonly string[];
  readonly config?: string | false;
}

/** Which rules run and how bad they are: the configuration file, and over it the options. */
export async function settingsOf({ rule, skip = [], config }: RuleOptions): Promise<LintSettings> {
  for (const code of [...(rule ?? []), ...skip]) checkCode(code, '');
  const configured = config === false ? new Map<string, Severity | 'off'>() : await readConfiguration(config);
  return { ...(rule && { only: rule }), skip, severities: configured };
}

function checkCode(code: string, place: string): void {
  if (titles.has(code)) return;
  const near = closest(code, [...titles.keys()]);
  throw new CannotAnswer(`${place}there is no rule ${code}${near === undefined ? '' : `; did you mean ${near}?`}`);
}

async function readConfiguration(named: string | undefined): Promise<ReadonlyMap<string, Severity | 'off'>> {
  const file = named ?? usualFile;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && named === undefined) return undefined;
    throw new CannotAnswer(`${file}: ${error.code === 'ENOENT' ? 'no such file or directory' : error.message}`);
  });
  return text === undefined ? new Map() : severitiesIn(await parsed(text, file), file);
}

async function parsed(text: string, file: string): Promise<unknown> {
  const { parse } = await import('./yaml.ts');
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new CannotAnswer(`${file}: ${messageOf(error).split('\n', 1)[0]}`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `lint: {rules: {code: severity}}`; schema/config.schema.json has it for editors. */
function severitiesIn(value: unknown, file: string): ReadonlyMap<string, Severity | 'off'> {
  const lint = recordAt(value ?? {}, ['lint'], file);
  const rules = recordAt(lint, ['rules'], file);
  const known: readonly unknown[] = [...severities, 'off'];
  for (const [code, severity] of Object.entries(rules)) {
    checkCode(code, `${file}: lint.rules: `);
    if (!known.includes(severity)) throw new CannotAnswer(`${file}: lint.rules.${code}: must be one of ${known.join(', ')}`);
  }
  return new Map(Object.entries(rules) as [string, Severity | 'off'][]);
}

/** The map at the only field that there may be. */
function recordAt(value: unknown, fields: readonly [string], file: string): Record<string, unknown> {
  if (!isRecord(value)) throw new CannotAnswer(`${file}: must be a map with the field ${fields[0]}`);
  const unknown = Object.keys(value).find((key) => !fields.includes(key));
  if (unknown !== undefined) throw new CannotAnswer(`${file}: unknown field ${unknown}: supported is ${fields[0]}`);
  const found = value[fields[0]] ?? {};
  if (!isRecord(found)) throw new CannotAnswer(`${file}: ${fields[0]}: must be a map`);
  return found;
}
