import { cpSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { comparePairs, sampleQuantile } from './compare.ts';
import { Workplace } from './program.ts';
import type { Section } from './report.ts';

const production = fileURLToPath(new URL('../examples/production', import.meta.url));

/** What a person waits for at the prompt. */
export const cli: Section = {
  title: 'commands from cold, the process from its start to its end',
  async measure(report) {
    using workplace = new Workplace();
    const input = join(workplace.path, 'ten');
    const ten = globSync(['cluster/*.yaml', 'policies/*.yaml'], { cwd: production }).sort().slice(0, 10);
    for (const file of ten) cpSync(join(production, file), join(input, file));
    const ends = ['--from', 'production/deployment/frontend', '--to', 'production/deployment/backend', '--port', '8080'];
    const words = ['check', '-f', input, ...ends];
    const check = (): number => workplace.time(...words);
    const checkWithNode = (): number => workplace.timeWithNode(...words);
    checkWithNode();
    report({ name: 'check on ten files', unit: 'ms', estimate: await sampleQuantile(check, 25), bar: { atMost: 150 } });
    report({ name: 'check on ten files, without the executable', unit: 'ms', estimate: await sampleQuantile(checkWithNode, 25) });
    report({ name: 'check on ten files, as a ratio to that', unit: 'ratio', estimate: await comparePairs(check, checkWithNode) });
  },
};
