import { type BuildOptions, type BuildResult, build, type Plugin } from 'esbuild';

/** A module that is in the common one: what it exports, and what stands before each name there. */
interface Part {
  readonly names: readonly string[];
  readonly prefix: string;
}

type Parts = ReadonlyMap<string, Part>;

/**
 * What `root` imports, as one module for a build that splits by command; what `besides` imports is left to that build. Without it there are as many
 * files as there are sets of commands that share something, half a hundred: to find, read and link these is a quarter of what a short command takes.
 */
export async function commonModule(
  shared: BuildOptions,
  root: string,
  besides: readonly string[],
): Promise<{ readonly plugin: Plugin; readonly metafile: BuildResult['metafile'] }> {
  const optionsWith = (...plugins: Plugin[]): BuildOptions => ({
    ...shared,
    plugins: [...(shared.plugins ?? []), ...plugins],
    write: false,
    banner: {},
    legalComments: 'inline',
  });
  const others = await modulesBelow(besides, optionsWith(leave(new Set())));
  const options = optionsWith(leave(others));
  const parts = await partsOf(await modulesBelow([root], options), shared);
  const contents = Array.from(parts, ([path, { names, prefix }]) => {
    const exported = names.map((name) => (prefix === '' ? name : `${name} as ${prefix}${name}`));
    return `export { ${exported.join()} } from ${JSON.stringify(path)};`;
  }).join('\n');
  const { outputFiles, metafile } = await build({ ...options, stdin: { contents, resolveDir: shared.absWorkingDir! } });
  return { plugin: takeFromCommon(parts, outputFiles![0]!.text), metafile };
}

/** The paths of all modules that our own ones import, beginning with the roots. */
async function modulesBelow(roots: readonly string[], options: BuildOptions): Promise<ReadonlySet<string>> {
  const { metafile } = await build({ ...options, entryPoints: [...roots] });
  const ours = Object.entries(metafile!.inputs).filter(([path]) => !path.includes('node_modules/'));
  const imported = ours.flatMap(([, { imports }]) => imports.filter(({ external, path }) => !external && !path.includes(':')));
  return new Set(imported.map(({ path }) => options.absWorkingDir + path));
}

/** The modules with what they export. */
async function partsOf(paths: ReadonlySet<string>, { absWorkingDir }: BuildOptions): Promise<Parts> {
  const single = await build({ absWorkingDir: absWorkingDir!, entryPoints: [...paths], outdir: '.', write: false, metafile: true });
  const taken = new Set<string>();
  const parts = new Map<string, Part>();
  for (const { entryPoint, exports: names } of Object.values(single.metafile.outputs)) {
    // A name that two modules have is nobody's but the first one's.
    const prefix = names.some((name) => taken.has(name)) ? `_${parts.size}_` : '';
    for (const name of names) taken.add(name);
    if (names.length > 0) parts.set(absWorkingDir + entryPoint!, { names, prefix });
  }
  return parts;
}

/** Marks what is resolved by the plugins below, which ask for it themselves. */
const resolving = Symbol('resolving');
/** Our modules, and packages. */
const resolved = /^[.#/]|^[a-z]+$/;

/** Leaves outside, by its path, what is loaded later, and what is among the others. */
const leave = (others: ReadonlySet<string>): Plugin => ({
  name: 'leave',
  setup({ onResolve, resolve }) {
    onResolve({ filter: resolved }, async ({ path, pluginData, ...from }) => {
      if (pluginData === resolving || from.kind === 'entry-point' || from.importer.includes('/node_modules/')) return undefined;
      const found = (await resolve(path, { ...from, pluginData: resolving })).path;
      return from.kind === 'dynamic-import' || others.has(found) ? { path: found, external: true } : undefined;
    });
  },
});

/** Gives the exports of a part out of the common module: straight where their names are the same there, which is nearly everywhere. */
const takeFromCommon = (parts: Parts, text: string): Plugin => ({
  name: 'take-from-common',
  setup({ onResolve, onLoad, resolve, initialOptions }) {
    onResolve({ filter: resolved }, async ({ path, pluginData, ...from }) => {
      if (pluginData === resolving || from.kind === 'entry-point' || from.importer.includes('/node_modules/')) return undefined;
      if (from.namespace === 'part') return { path, namespace: 'common' };
      const found = (await resolve(path, { ...from, pluginData: resolving })).path;
      const part = parts.get(found);
      if (part === undefined) return undefined;
      const isStraight = part.prefix === '' && from.kind !== 'dynamic-import';
      return { ...(isStraight ? { path: 'common', namespace: 'common' } : { path: found, namespace: 'part' }), sideEffects: false };
    });
    onLoad({ filter: /^/, namespace: 'common' }, () => ({ contents: text, resolveDir: initialOptions.absWorkingDir! }));
    onLoad({ filter: /^/, namespace: 'part' }, ({ path }) => {
      const { names, prefix } = parts.get(path)!;
      return { contents: `export { ${names.map((name) => `${prefix}${name} as ${name}`).join()} } from 'common';` };
    });
  },
});
