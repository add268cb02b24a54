import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { faultsOf } from './schemas.ts';

const root = join(import.meta.dirname, '../..');
const golden = join(root, 'test/golden');
const filesBelow = (folder: string, end: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith(end));

/** The schema of what a command prints. */
function schemaOf(command: string): string {
  const [, words = ''] = /sallyport ((?:lab )?[a-z]+)/.exec(command) ?? [];
  const name = words.replace(' ', '-');
  return name === 'check' && command.includes('--flows') ? 'check-flows' : name;
}

/** What the commands of a session printed as JSON, and that of whole commands alone: not what a filter left of it. */
const printed = filesBelow(golden, 'session.txt').flatMap((path) => {
  const session = readFileSync(join(golden, path), 'utf8');
  return Array.from(session.matchAll(/^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n?)*)/gm), ([, command = '', output = '']) => {
    const answer = output.replace(/^(2> .*|\[exit code \d+\])\n?/gm, '').trim();
    return { path, command, answer };
  }).filter(({ command, answer }) => /sallyport [^|]* (-o json|--output json)/.test(command) && /^[[{]/.test(answer));
});

/** The places of all objects in a value whose fields are ours: parts of manifests have those of Kubernetes, and a verdict map has keys. */
function* objectsIn(value: unknown, place: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null || ['additions', 'elements', 'items', 'spec'].includes(place.at(-1) ?? '')) return;
  if (!Array.isArray(value)) yield place;
  for (const [name, field] of Object.entries(value)) yield* objectsIn(field, [...place, name]);
}

describe('what sessions show is as the schemas say', () => {
  it.each(printed)('$path: $command', ({ command, answer }) => {
    expect(faultsOf(schemaOf(command), JSON.parse(answer))).toEqual([]);
  });

  it('of every command that answers', () => {
    const seen = new Set(printed.map(({ command }) => schemaOf(command)));
    const commands = [
      'check',
      'check-flows',
      'matrix',
      'diff',
      'lint',
      'generate',
      'simplify',
      'docs',
      'ruleset',
      'lab-run',
      'lab-probe',
      'status',
      'test',
    ];
    expect(seen).toEqual(new Set(commands));
  });

  it('and a field that no schema describes is a fault, wherever it stands', () => {
    const kinds = new Map(printed.map((each) => [schemaOf(each.command), each.answer]));
    for (const [name, answer] of kinds)
      for (const place of objectsIn(JSON.parse(answer))) {
        const changed: unknown = JSON.parse(answer);
        Object.assign(
          place.reduce((at, step) => (at as Record<string, object>)[step]!, changed as object),
          { undescribed: true },
        );
        expect({ name, place, faults: faultsOf(name, changed).length }).not.toMatchObject({ faults: 0 });
      }
  });

  it.each(filesBelow(golden, 'flows.yaml'))('%s', (path) => {
    expect(faultsOf('flows', parse(readFileSync(join(golden, path), 'utf8')))).toEqual([]);
  });
});

/** Runs the program from its sources; its answer, whatever the exit code. */
async function answerOf(words: readonly string[], input?: string): Promise<unknown> {
  const running = promisify(execFile)(process.execPath, [join(root, 'src/cli/start.ts'), ...words, '-o', 'json'], { cwd: root });
  running.child.stdin!.end(input);
  const { stdout } = await running.catch((error: { stdout: string }) => error);
  return JSON.parse(stdout);
}

describe.concurrent('what the program prints is as the schemas say', () => {
  const production = ['-f', 'examples/production'];
  const crossing = ['--from', 'internet', '--to', 'production/service/backend', '--port', '80'];
  const flows = JSON.stringify(
    [
      { from: 'production/{app=new}', to: 'production/statefulset/database', port: 5432 },
      { from: '203.0.113.0/24', to: 'production/deployment/api', port: 8443, family: 4 },
      { from: 'production/deployment/api', to: 'production/deployment/api', protocol: 'ICMP' },
    ].filter(({ from }) => from.includes('/')),
  );
  const left = ['-f', 'test/golden/check/left-open/cluster.yaml'];

  it.for<readonly [schema: string, words: readonly string[], input?: string]>([
    ['check', ['check', ...production, ...crossing]],
    ['check', ['check', ...production, ...crossing, '--no-advice']],
    [
      'check',
      [
        'check',
        '-f',
        'test/golden/check/members-differ/cluster.yaml',
        '--from',
        'shop/client',
        '--to',
        'shop/deployment/web',
        '--port',
        '8080',
      ],
    ],
    ['check-flows', ['check', ...production, '--flows', '-'], flows],
    ['matrix', ['matrix', ...left, '--denied']],
    ['matrix', ['matrix', ...production, '--denied']],
    ['matrix', ['matrix', '-f', 'examples/recipes/20-dual-stack']],
    [
      'diff',
      [
        'diff',
        'examples/production/policies/database-policy.yaml',
        'examples/production/policies',
        '--with',
        'examples/production/cluster',
      ],
    ],
    ['diff', ['diff', 'examples/production/policies/database-policy.yaml', 'examples/production/policies']],
    ['ruleset', ['ruleset', ...production, '--node', 'node-1']],
    ['version', ['version']],
  ])('%s: %s', async ([schema, words, input]) => {
    expect(faultsOf(schema, await answerOf(words, input))).toEqual([]);
  });
});
