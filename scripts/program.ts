import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, type BuildResult, build, type Plugin } from 'esbuild';

/** What most commands need: the program without its other commands, and `check`, which needs nearly the whole core. */
const roots = ['src/cli/main.ts', 'src/cli/check.ts'];

/** A module that is in the script: what it exports, and what stands before each name there. */
interface Part {
  readonly names: readonly string[];
  readonly prefix: string;
}

type Parts = ReadonlyMap<string, Part>;

/**
 * Writes the program: `sallyport.js`, which starts it; `program-HASH.cjs`, what most commands need, as one script, of which V8 can keep what it
 * made of it (`src/cli/run-script.ts`); and beside it `name-HASH.js`, modules that are loaded when they are asked for, the other commands among
 * them. They take what they need out of the script, so that every module is there once.
 */
export async function bundleProgram(shared: BuildOptions): Promise<BuildResult[]> {
  const { parts, later } = await partsOf(shared);
  const modules = await bundleLater(parts, later, shared);
  const places = new Map(Object.entries(modules.metafile!.outputs).map(([path, { entryPoint }]) => [entryPoint, path]));
  const placeOf = (path: string): string => `./${basename(places.get(path.slice(shared.absWorkingDir!.length))!)}`;
  const script = await bundleScript(parts, placeOf, shared);
  const define = { ...shared.define, SALLYPORT_SCRIPT: JSON.stringify(Object.keys(script.metafile!.outputs)[0]) };
  return [modules, script, await build({ ...shared, define, banner: {}, entryPoints: { sallyport: 'src/cli/start.ts' } })];
}

/** The modules that the script is made of, with what they export, and those that they load later. */
async function partsOf(shared: BuildOptions): Promise<{ readonly parts: Parts; readonly later: ReadonlySet<string> }> {
  const { absWorkingDir } = shared;
  const later = new Set<string>();
  const leaveLater = resolvingPlugin(({ kind }, found) => {
    if (kind !== 'dynamic-import') return undefined;
    later.add(found);
    return { path: found, external: true };
  });
  const { metafile } = await build({ ...shared, plugins: [...shared.plugins!, leaveLater], entryPoints: roots, write: false });
  const ours = Object.entries(metafile!.inputs).filter(([path]) => !path.includes('node_modules/'));
  const imported = ours.flatMap(([, { imports }]) => imports.filter(({ external, path }) => !external && !path.includes(':')));
  const paths = new Set([...roots, ...imported.map(({ path }) => path)].map((path) => absWorkingDir + path));
  // Modules beside the script take values out of it, which nobody would tell them of again.
  const variable = [...paths].find((path) => /^export let\b/m.test(readFileSync(path, 'utf8')));
  if (variable !== undefined) throw new Error(`${variable} exports a variable: export a function that reads it`);
  const single = await build({ absWorkingDir: absWorkingDir!, entryPoints: [...paths], outdir: '.', write: false, metafile: true });
  const taken = new Set<string>();
  const parts = new Map<string, Part>();
  for (const { entryPoint, exports: names } of Object.values(single.metafile.outputs)) {
    // A name that two modules have is nobody's but the first one's.
    const prefix = names.some((name) => taken.has(name)) ? `_${parts.size}_` : '';
    for (const name of names) taken.add(name);
    if (names.length > 0) parts.set(absWorkingDir + entryPoint!, { names, prefix });
  }
  return { parts, later: new Set([...later].filter((path) => !paths.has(path))) };
}

/** The modules that are loaded later, with what they share. */
async function bundleLater(parts: Parts, later: ReadonlySet<string>, shared: BuildOptions): Promise<BuildResult> {
  const result = await build({
    ...shared,
    stdin: { contents: Array.from(later, (path) => `import(${JSON.stringify(path)});`).join('\n'), resolveDir: shared.absWorkingDir! },
    splitting: true,
    plugins: [...shared.plugins!, ...takeFromScript(parts)],
    write: false,
  });
  // Nobody starts there: it is only for esbuild to find the others.
  const files = result.outputFiles!.filter(({ path }) => !path.endsWith('/stdin.js'));
  for (const { path, contents } of files) writeFileSync(path, contents);
  return result;
}

/** The parts as one script: a function of what a script in this form is given, whose result are all their exports. */
async function bundleScript(parts: Parts, placeOf: (path: string) => string, shared: BuildOptions): Promise<BuildResult> {
  const contents = Array.from(parts, ([path, { names, prefix }]) => {
    const exported = names.map((name) => (prefix === '' ? name : `${name} as ${prefix}${name}`));
    return `export { ${exported.join()} } from ${JSON.stringify(path)};`;
  }).join('\n');
  const leaveLater = resolvingPlugin(({ kind }, found) =>
    kind === 'dynamic-import' && !parts.has(found) ? { path: placeOf(found), external: true } : undefined,
  );
  const script = await build({
    ...shared,
    stdin: { contents, resolveDir: shared.absWorkingDir!, sourcefile: 'program' },
    format: 'cjs',
    define: { ...shared.define, 'import.meta.url': 'scriptUrl' },
    banner: { js: '(function (require, module, scriptUrl, loadLater) {' },
    footer: { js: 'return module.exports; })' },
    plugins: [...shared.plugins!, leaveLater],
    // What is read before anything else is worth being short.
    minifyWhitespace: true,
    minifySyntax: true,
    write: false,
  });
  const text = finished(script.outputFiles![0]!.text);
  const name = `program-${createHash('sha256').update(text).digest('hex').slice(0, 8).toUpperCase()}.cjs`;
  writeFileSync(join(shared.outdir!, name), text);
  return { ...script, metafile: { ...script.metafile!, outputs: { [name]: Object.values(script.metafile!.outputs)[0]! } } };
}

/**
 * Scripts that are run by a program import nothing by themselves, or with a warning that the way is experimental; and nobody needs a copy of the
 * exports, nor their names for a reader that runs nothing.
 */
const finished = (text: string): string =>
  text
    .replaceAll(/\bimport\((?=")/g, 'loadLater(')
    .replace(/__toCommonJS\((?=\w+_exports\);)/, '(')
    .replace(/\b0&&\(module\.exports=\{[^}]*\}\);/, '');

/** Marks what is resolved by the plugins below, which ask for it themselves. */
const resolving = Symbol('resolving');

/** Says of what our own modules import, by its path, where it is; undefined where esbuild would look. */
function resolvingPlugin(placeOf: (from: { readonly kind: string }, found: string) => object | undefined): Plugin {
  return {
    name: 'resolving',
    setup({ onResolve, resolve }) {
      // Our modules, and packages.
      onResolve({ filter: /^[.#/]|^[a-z]+$/ }, async ({ path, pluginData, ...from }) => {
        if (pluginData === resolving || from.kind === 'entry-point' || from.importer.includes('/node_modules/')) return undefined;
        return placeOf(from, (await resolve(path, { ...from, pluginData: resolving })).path);
      });
    },
  };
}

/** Gives the exports of a part out of the script: straight where their names are the same there, which is nearly everywhere. */
function takeFromScript(parts: Parts): Plugin[] {
  const all = [...parts.values()].flatMap(({ names, prefix }) => names.map((name) => prefix + name));
  const find = resolvingPlugin(({ kind }, found) => {
    const part = parts.get(found);
    if (part === undefined) return undefined;
    const isStraight = part.prefix === '' && kind !== 'dynamic-import';
    return { ...(isStraight ? { path: 'script', namespace: 'script' } : { path: found, namespace: 'part' }), sideEffects: false };
  });
  const give: Plugin = {
    name: 'take-from-script',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^script$/, namespace: 'part' }, ({ path }) => ({ path, namespace: 'script', sideEffects: false }));
      onLoad({ filter: /^/, namespace: 'script' }, () => ({ contents: takenFrom("globalThis[Symbol.for('sallyport.program')]", all) }));
      onLoad({ filter: /^/, namespace: 'part' }, ({ path }) => {
        const { names, prefix } = parts.get(path)!;
        return { contents: `export { ${names.map((name) => `${prefix}${name} as ${name}`).join()} } from 'script';` };
      });
    },
  };
  return [give, find];
}

/** A module that exports what an object has under these names, looking only at those that somebody imports. */
export const takenFrom = (object: string, names: readonly string[]): string =>
  [
    `const all = /* @__PURE__ */ (() => ${object})();`,
    'const take = (name) => all[name];',
    'export default all;',
    ...names.map((name) => `export const ${name} = /* @__PURE__ */ take(${JSON.stringify(name)});`),
  ].join('\n');
