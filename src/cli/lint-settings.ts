import { readFile } from 'node:fs/promises';
import { codeFault, configurationFile, configurationOf, type RuleSeverities } from '#core/lint/configuration.ts';
import type { LintSettings } from '#core/lint/lint.ts';
import { CannotAnswer, messageOf } from './exit.ts';

/** The options of lint that say which rules run. */
export interface RuleOptions {
  readonly rule?: readonly string[];
  readonly skip?: readonly string[];
  readonly config?: string | false;
}

/** Which rules run and how bad they are: the configuration file, and over it the options. */
export async function settingsOf({ rule, skip = [], config }: RuleOptions): Promise<LintSettings> {
  const fault = [...(rule ?? []), ...skip].map(codeFault).find((each) => each !== undefined);
  if (fault !== undefined) throw new CannotAnswer(fault);
  const configured = config === false ? new Map() : await readConfiguration(config);
  return { ...(rule && { only: rule }), skip, severities: configured };
}

/** The configuration that is named, or that of the current directory, where there is one. */
async function readConfiguration(named: string | undefined): Promise<RuleSeverities> {
  const file = named ?? configurationFile;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && named === undefined) return undefined;
    throw new CannotAnswer(`${file}: ${error.code === 'ENOENT' ? 'no such file or directory' : error.message}`);
  });
  if (text === undefined) return new Map();
  const configured = configurationOf(await parsed(text, file));
  if ('error' in configured) throw new CannotAnswer(`${file}: ${configured.error}`);
  return configured;
}

async function parsed(text: string, file: string): Promise<unknown> {
  const { parse } = await import('./yaml.ts');
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new CannotAnswer(`${file}: ${messageOf(error).split('\n', 1)[0]}`);
  }
}
