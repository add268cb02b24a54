/**
 * Bundles what ships: `node scripts/build.ts [directory]` writes agent.js, the loop that a lab's node runs; the program, see `program.ts`; and
 * bundled.json, the npm packages that are in them. Without a directory it is for the package, and the library is there, too: index.js with its
 * declarations.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { bundleLibrary, writeDeclarations } from './library.ts';
import { buildPage } from './page.ts';
import { bundleProgram, takenFrom } from './program.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = process.argv[2] ?? `${root}build`;
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { version: string };

/**
 * The Kubernetes client, of which only the reading of credentials is used, without its model of the whole API (its files do nothing
 * when they are loaded, which it does not say) and without its way of sending requests.
 */
const leanClient: Plugin = {
  name: 'lean-client',
  setup({ onResolve, onLoad, resolve }) {
    const filter = /^\.|^node-fetch$/;
    onResolve({ filter }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'resolving' || !importer.includes('/@kubernetes/client-node/')) return undefined;
      if (path === 'node-fetch') return { path, namespace: 'not-used' };
      return { ...(await resolve(path, { importer, resolveDir, kind, pluginData: 'resolving' })), sideEffects: false };
    });
    onLoad({ filter: /^/, namespace: 'not-used' }, () => ({
      contents: 'export const { Headers } = globalThis; export default globalThis.fetch;',
    }));
  },
};

/** Commander without its way of starting commands that are programs of their own: loading what that takes is a tenth of a short command. */
const leanCommander: Plugin = {
  name: 'lean-commander',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(child_process|process)$/ }, ({ path, importer }) =>
      importer.includes('/node_modules/commander/') ? { path, namespace: 'not-loaded' } : undefined,
    );
    onLoad({ filter: /^/, namespace: 'not-loaded' }, ({ path }) => ({
      contents: path === 'node:process' ? 'export default globalThis.process;' : 'export default {};',
    }));
  },
};

/**
 * Node's modules, of each no more than what is used: an `import` touches all that they export, for the sake of live bindings, and so loads what
 * they would else load when somebody asks for it. It is a twentieth of a short command.
 */
const plainBuiltins: Plugin = {
  name: 'plain-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) => {
      if (kind === 'dynamic-import') return { external: true };
      return { path, namespace: kind === 'require-call' ? 'required-builtin' : 'builtin', sideEffects: false };
    });
    onLoad({ filter: /^/, namespace: 'required-builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}');`,
    }));
    onLoad({ filter: /^/, namespace: 'builtin' }, ({ path }) => ({
      contents: takenFrom(`process.getBuiltinModule('${path}')`, Object.keys(process.getBuiltinModule(path)!)),
    }));
  },
};

const shared: BuildOptions = {
  absWorkingDir: root,
  outdir: directory,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  external: ['koffi'],
  define: { SALLYPORT_BUILD: JSON.stringify({ version, commit: commit() }), SALLYPORT_PAGE: JSON.stringify(await buildPage()) },
  // Packages in CommonJS form ask for Node's modules by `require`, which ES modules lack.
  banner: { js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);" },
  legalComments: 'eof',
  logLevel: 'warning',
  metafile: true,
};

const lean = { ...shared, plugins: [leanClient, leanCommander, plainBuiltins] };
const builds = [await build({ ...shared, entryPoints: { agent: 'src/agent/main.ts' } }), ...(await bundleProgram(lean))];
const ours = builds.length;
if (process.argv[2] === undefined) {
  builds.push(await bundleLibrary(directory));
  writeDeclarations(directory);
}

// The npm packages that are in the bundles of the commands and the agent, for whoever has to say what ships.
const inputs = builds.slice(0, ours).flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
const bundled = new Set(inputs.flatMap((path) => /(?:^|.*\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
writeFileSync(join(directory, 'bundled.json'), `${JSON.stringify([...bundled].sort(), null, 2)}\n`);

// Parts are named by what they hold: those of earlier builds are nobody's.
const written = new Set(builds.flatMap(({ metafile }) => Object.keys(metafile?.outputs ?? {})).map((path) => basename(path)));
for (const name of readdirSync(directory)) if (/\.c?js$/.test(name) && !written.has(name)) rmSync(join(directory, name));

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
