/**
 * Bundles what ships: `node scripts/build.ts [directory]` writes agent.js, the loop that a lab's node runs; the program, see `program.ts`; and
 * bundled.json, the npm packages that are in them. Without a directory it is for the package, and the library is there, too: index.js with its
 * declarations; and the executable, see `executable.ts`, where `make setup` has brought what it takes.
 */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { bundling, lean, root } from './bundling.ts';
import { writeExecutable } from './executable.ts';
import { bundleLibrary, writeDeclarations } from './library.ts';
import { bundleProgram } from './program.ts';

const directory = process.argv[2] ?? `${root}build`;

const shared: BuildOptions = {
  ...bundling,
  outdir: directory,
  format: 'esm',
  // Packages in CommonJS form ask for Node's modules by `require`, which ES modules lack.
  banner: { js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);" },
};

const builds = [
  await build({ ...shared, entryPoints: { agent: 'src/agent/main.ts' } }),
  ...(await bundleProgram({ ...shared, plugins: lean })),
];
const ours = builds.length;
if (process.argv[2] === undefined) {
  builds.push(await bundleLibrary(directory));
  writeDeclarations(directory);
  const fault = await writeExecutable(directory);
  if (fault !== undefined) process.stderr.write(`build: no executable, bin/sallyport runs with Node: ${fault}\n`);
}

// The npm packages that are in the bundles of the commands and the agent, for whoever has to say what ships.
const inputs = builds.slice(0, ours).flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
const bundled = new Set(inputs.flatMap((path) => /(?:^|.*\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []));
writeFileSync(join(directory, 'bundled.json'), `${JSON.stringify([...bundled].sort(), null, 2)}\n`);

// Parts are named by what they hold: those of earlier builds are nobody's.
const written = new Set(builds.flatMap(({ metafile }) => Object.keys(metafile?.outputs ?? {})).map((path) => basename(path)));
for (const name of readdirSync(directory)) if (/\.c?js$/.test(name) && !written.has(name)) rmSync(join(directory, name));
