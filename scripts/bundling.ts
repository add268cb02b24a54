import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions, Plugin } from 'esbuild';
import { buildPage } from './page.ts';
import { takenFrom } from './program.ts';

/** The repository, with a slash at the end. */
export const root = fileURLToPath(new URL('..', import.meta.url));

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
    // What stands for the API has 800 modules, of which two are used: to read the others took nine tenths of a build.
    onLoad({ filter: /\/@kubernetes\/client-node\/dist\/gen\/index\.js$/ }, ({ path }) => ({
      contents: "export * from './configuration.js'; export * from './servers.js';",
      resolveDir: dirname(path),
    }));
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

/** How everything that ships is bundled. */
export const bundling: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node22.18',
  external: ['koffi'],
  define: { SALLYPORT_BUILD: JSON.stringify({ version, commit: commit() }), SALLYPORT_PAGE: JSON.stringify(await buildPage()) },
  legalComments: 'eof',
  logLevel: 'warning',
  metafile: true,
};

/** What the commands leave out of what they import. */
export const lean: Plugin[] = [leanClient, leanCommander, plainBuiltins];

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
