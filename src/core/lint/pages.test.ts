import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lintTexts } from '#test/lint-text.ts';
import { faultsOf } from '#test/schema/schemas.ts';
import { defaultChoices } from '../api/choices.ts';
import type { Finding } from './finding.ts';
import { titles } from './lint.ts';

// The pages are the rules' tests: examples are found, and told in their words; what stands instead, and what is not reported, is not.
// UPDATE_GOLDEN=1 writes titles and findings anew; read the difference.

const folder = join(import.meta.dirname, '../../../docs/lint');

/** The YAML blocks of a section. */
function examplesIn(page: string, section: string): string[] {
  const [, text = ''] = page.split(`\n## ${section}\n`);
  const [own = ''] = text.split('\n## ');
  return Array.from(own.matchAll(/```yaml\n([\s\S]*?)```/g), ([, yaml]) => yaml!);
}

/** What is found of the rule, and of rules that run unasked; an optional rule is asked for. */
async function foundIn(yaml: string, code: string): Promise<readonly Finding[]> {
  const choices = code === 'api-warning' ? ({ ...defaultChoices, 'unknown-fields': 'warn' } as const) : defaultChoices;
  const found = await lintTexts({ 'page.yaml': yaml }, {}, choices);
  return titles.get(code)!.isOptional ? [...found, ...(await lintTexts({ 'page.yaml': yaml }, { only: [code] }))] : found;
}

const lineOf = ({ source, severity, message }: Finding): string => `line ${source?.line}: ${severity}: ${message}\n`;

/** The page as it should be: its title, and under its example what is found. */
async function completed(page: string, code: string): Promise<string> {
  const { severity, summary, isOptional } = titles.get(code)!;
  const each = await Promise.all(examplesIn(page, 'Example').map((yaml) => foundIn(yaml, code)));
  const found = each.flat().filter((finding) => finding.code === code);
  return page
    .replace(/^# .*\n\n.*\n+(?=## Why)/, () => `# ${code}\n\n${severity}${isOptional ? ', optional' : ''}: ${summary}\n\n`)
    .replace(/```text\n[\s\S]*?```/, () => `\`\`\`text\n${found.map(lineOf).join('')}\`\`\``);
}

/** The table of contents. */
function indexOf(): string {
  const rows = Array.from(
    titles.values(),
    ({ code, severity, summary, isOptional }) => `| [${code}](${code}.md) | ${severity}${isOptional ? ', optional' : ''} | ${summary} |`,
  );
  const [head] = readFileSync(join(folder, 'README.md'), 'utf8').split('\n| rule |');
  return [`${head!.trimEnd()}\n`, '| rule | severity | finds |', '|---|---|---|', ...rows, ''].join('\n');
}

describe('pages of lint rules', () => {
  it('stand in the table of contents', () => {
    const index = indexOf();
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(join(folder, 'README.md'), index);
    else expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe(index);
  });

  it('there is one for every rule, and none beside', () => {
    const pages = readdirSync(folder).filter((file) => file !== 'README.md');
    expect(pages.sort()).toEqual([...titles.keys()].map((code) => `${code}.md`).sort());
  });

  it('and in the schema of the configuration', () => {
    const file = join(folder, '../../schema/config.schema.json');
    const schema = JSON.parse(readFileSync(file, 'utf8')) as { properties: { lint: { properties: { rules: { properties: object } } } } };
    const { rules } = schema.properties.lint.properties;
    const properties = Object.fromEntries(
      Array.from(titles.values(), ({ code, summary }) => [code, { $ref: '#/$defs/severity', description: summary }]),
    );
    if (process.env.UPDATE_GOLDEN === '1') {
      rules.properties = properties;
      writeFileSync(file, `${JSON.stringify(schema, undefined, 2)}\n`);
    } else expect(rules.properties).toEqual(properties);
    expect(faultsOf('config', { lint: { rules: { 'dns-blocked': 'error', 'missing-doc': 'off' } } })).toEqual([]);
    for (const wrong of [{ lint: { rules: { 'dns-blockd': 'error' } } }, { lint: { rules: { 'dns-blocked': 'bad' } } }, { lints: {} }])
      expect(faultsOf('config', wrong)).not.toEqual([]);
  });

  describe.for([...titles.keys()])('%s', (code) => {
    const file = join(folder, `${code}.md`);
    const page = readFileSync(file, 'utf8');

    it('says what its example is found to be', async () => {
      const whole = await completed(page, code);
      if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, whole);
      else expect(page).toBe(whole);
      expect(whole).toContain('\n## Why\n');
      expect(whole).toContain('\n## When not to fix this\n');
      for (const yaml of examplesIn(page, 'Example')) expect((await foundIn(yaml, code)).map((finding) => finding.code)).toContain(code);
    });

    it('finds nothing in what stands instead', async () => {
      for (const yaml of examplesIn(page, 'Instead'))
        expect((await foundIn(yaml, code)).filter((finding) => finding.code === code || finding.severity !== 'note')).toEqual([]);
    });

    it('is silent on what is no fault', async () => {
      for (const yaml of examplesIn(page, 'Not reported')) {
        expect((await foundIn(yaml, code)).filter((finding) => finding.code === code)).toEqual([]);
        expect((await foundIn(yaml, code)).filter(({ severity }) => severity === 'error')).toEqual([]);
      }
    });
  });
});
