import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Writes index.js, the library as one module that imports nothing and runs anywhere. */
export function bundleLibrary(directory: string): Promise<BuildResult> {
  return build({
    absWorkingDir: root,
    entryPoints: { index: 'src/library/index.ts' },
    outdir: directory,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2024',
    legalComments: 'eof',
    logLevel: 'warning',
    metafile: true,
  });
}

/** Where the compiler writes declarations, by the paths of their sources. */
const compiled = join(root, 'build/types/src');
const entry = 'library/index';

/** Writes the declarations that the library's entry needs, itself as index.d.ts, with specifiers that hold where the package is installed. */
export function writeDeclarations(directory: string): void {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', 'src/library'], { cwd: root, stdio: 'inherit' });
  rmSync(join(directory, 'declarations'), { recursive: true, force: true });
  const placeOf = (module: string): string => (module === entry ? 'index' : `declarations/${module}`);
  const known = new Set([entry]);
  for (const module of known) {
    const text = readFileSync(join(compiled, `${module}.d.ts`), 'utf8');
    const written = text.replaceAll(/(?<=\bfrom '|\bfrom "|\bimport\(["'])([.#][^'"]+)\.ts(?=['"])/g, (_, specifier: string) => {
      const needed = specifier.startsWith('#') ? specifier.slice(1) : relative(compiled, resolve(compiled, dirname(module), specifier));
      known.add(needed);
      const path = relative(dirname(placeOf(module)), placeOf(needed));
      return `${path.startsWith('.') ? path : `./${path}`}.js`;
    });
    const target = join(directory, `${placeOf(module)}.d.ts`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, written);
  }
}
