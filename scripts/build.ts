/** Bundles what ships: `node scripts/build.ts [directory]` writes sallyport.js (commands) and agent.js (the loop that a lab's node runs). */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = process.argv[2] ?? `${root}build`;
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };
const entries = { sallyport: 'src/cli/main.ts', agent: 'src/agent/main.ts' };

await build({
  absWorkingDir: root,
  // A half-written tree still builds what is there; the type checker says what is missing.
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(root + path))),
  outdir: directory,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  external: ['koffi'],
  define: { SALLYPORT_BUILD: JSON.stringify({ version, commit: commit() }) },
  // Packages in CommonJS form ask for Node's modules by `require`, which ES modules lack.
  banner: { js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);" },
  legalComments: 'eof',
  logLevel: 'warning',
});

/** The commit that is built, marked when files differ from it; undefined outside a clone. */
function commit(): string | undefined {
  try {
    const git = (...words: string[]) =>
      execFileSync('git', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const hash = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? hash : `${hash}-modified`;
  } catch {
    return undefined;
  }
}
