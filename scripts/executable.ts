import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { bundling, lean, root } from './bundling.ts';

/** Bun, where `make setup` has brought it. It serves Linux and macOS. */
const bun = globSync(join(root, 'toolchain/bun/node_modules/@oven/bun-*/bin/bun'))[0];

/**
 * Writes `sallyport` into a directory: the program, and Bun that runs it, as one file that needs nothing beside it. It starts in half the time that it
 * takes with Node: Bun does, and all code is compiled already. Returns why there is none; undefined when there is.
 */
export async function writeExecutable(directory: string): Promise<string | undefined> {
  const target = join(directory, 'sallyport');
  const folder = join(directory, 'executable');
  const script = join(folder, 'sallyport.cjs');
  const made = join(folder, 'sallyport');
  const text = await bundle();
  if (bun !== undefined && isMade(target, script, text)) return undefined;
  // One that another program was made into must not stay when this one can't be made.
  rmSync(target, { force: true });
  if (bun === undefined) return 'Bun is not there: make setup';
  mkdirSync(folder, { recursive: true });
  writeFileSync(script, text);
  try {
    compile(script, made);
    execFileSync(made, ['version'], { stdio: ['ignore', 'ignore', 'pipe'] });
    compile(script, made, ['--bytecode-order', orderOfUse(made, join(folder, 'order'))]);
  } catch (error) {
    // A processor may lack what Bun needs.
    return `Bun can't make it, or not run here: ${(error as Error).message}`;
  }
  renameSync(made, target);
  return undefined;
}

/** Makes a script into one file with Bun. */
function compile(script: string, file: string, others: readonly string[] = []): void {
  const words = ['build', '--compile', '--bytecode', '--format=cjs', `--outfile=${file}`, ...settings, ...others, script];
  execFileSync(bun!, words, { stdio: ['ignore', 'ignore', 'pipe'], cwd: root });
}

const example = join(root, 'examples/production');

/** What people wait for at the prompt, the shortest first. */
const usual = [
  ['check', '--from', 'production/deployment/frontend', '--to', 'production/deployment/backend', '--port', '8080'],
  ['matrix'],
  ['lint'],
];

/** Has an executable write which of its code it needs for the usual commands, and in which order: laid out so, there are fewer pages to be read. */
function orderOfUse(executable: string, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const orders = usual.map((words, index) => {
    const order = join(directory, `${index}`);
    // What they find in the example may be an exit code of its own.
    spawnSync(executable, [...words, '-f', example], { stdio: 'ignore', env: { ...process.env, BUN_BYTECODE_ORDER_OUT: order } });
    return order;
  });
  return orders.join();
}

/** Whether this very script has been made into that file. It takes two seconds, and most builds change nothing. */
function isMade(target: string, script: string, text: string): boolean {
  try {
    execFileSync(target, ['version'], { stdio: 'ignore' });
    return readFileSync(script, 'utf8') === text;
  } catch {
    return false;
  }
}

/** No file of the directory that somebody stands in has a say; and most commands are done before faster code has paid for its making. */
const settings = ['--no-compile-autoload-dotenv', '--no-compile-autoload-bunfig', '--compile-jit-policy=20'];

/** What is native of `koffi`, where npm has brought it: on Linux, for the executable to have it inside. What the package adds are old names. */
const native = globSync(join(root, `node_modules/@koromix/koffi-linux-${process.arch}/linux_*/koffi.node`))[0];

/** Bun's compiler takes in what is required by a name that it can read. */
const koffiInside: Plugin = {
  name: 'koffi-inside',
  setup({ onLoad }) {
    // Bun writes it to the directory of temporary files, to load it from there; where it can't, it gives an empty module.
    const contents = `export function requireKoffi() {
      const koffi = require(${JSON.stringify(native)});
      if (koffi.load === undefined) throw new Error('nothing was loaded');
      return koffi;
    }
    export const koffiRemedy = 'what calls the kernel is loaded from the directory of temporary files: set TMPDIR to one that you can write';`;
    onLoad({ filter: /\/src\/dataplane\/koffi\.ts$/ }, () => (native === undefined ? undefined : { contents }));
  },
};

/** The whole program as one script, in the form of which Bun keeps compiled code. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    ...bundling,
    entryPoints: { sallyport: 'src/cli/executable.ts' },
    format: 'cjs',
    define: { ...bundling.define, SALLYPORT_EXECUTABLE: 'true', 'import.meta.url': 'programUrl' },
    banner: { js: "const programUrl = process.getBuiltinModule('node:url').pathToFileURL(process.execPath).href;" },
    plugins: [koffiInside, ...lean],
    external: ['koffi', '*.node'],
    minifyWhitespace: true,
    minifySyntax: true,
    outdir: root,
    write: false,
  });
  return outputFiles[0]!.text;
}
