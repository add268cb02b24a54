import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the compiler or the linter said of one file. */
export interface Finding {
  readonly file: string;
  /** `TS6307`, `lint/style/noRestrictedImports` and so on. */
  readonly rule: string;
  readonly message: string;
}

/** The rooms as the compiler knows them: every folder with a tsconfig.json of its own. */
export const compiledRooms = ['core', 'manifest', 'kube', 'dataplane', 'agent', 'lab', 'page', 'library', 'lsp', 'cli'] as const;

/**
 * A copy of the house with its rules and without its code, in which a test plants files to see them refused. Each folder of
 * `anchors` holds an `anchor.ts` to import.
 */
export class PlantedHouse implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-house-'));

  constructor(anchors: readonly string[]) {
    const rules = ['biome.json', 'knip.json', 'vitest.config.ts', '.gitignore', 'package.json', 'tsconfig.base.json', 'scripts/lint'];
    for (const path of [...rules, ...compiledRooms.map((room) => `src/${room}/tsconfig.json`)]) {
      cpSync(join(root, path), join(this.#folder, path), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
    for (const anchor of anchors) this.plant(`${anchor}/anchor.ts`, 'export const anchor = 1;\n');
  }

  plant(path: string, text: string): void {
    mkdirSync(dirname(join(this.#folder, path)), { recursive: true });
    writeFileSync(join(this.#folder, path), text);
  }

  compile(): Finding[] {
    const output = this.run(this.#bin('tsc'), ['-b', '--pretty', 'false', ...compiledRooms.map((room) => `src/${room}`)]);
    return Array.from(output.matchAll(/^(.+?)\(\d+,\d+\): error (TS\d+): (.*)$/gm), ([, file = '', rule = '', message = '']) => ({
      file,
      rule,
      message,
    }));
  }

  lint(): Finding[] {
    const output = this.run(this.#bin('biome'), ['lint', '--reporter=github', '--max-diagnostics=none', 'src', 'test']);
    return Array.from(output.matchAll(/^::error title=([^,]+),file=([^,]+),[^:]*::(.*)$/gm), ([, rule = '', file = '', message = '']) => ({
      file,
      rule,
      message,
    }));
  }

  /** Runs a program in the house; what it printed. */
  run(program: string, args: readonly string[]): string {
    const { stdout, stderr, error } = spawnSync(program, args, { cwd: this.#folder, encoding: 'utf8' });
    if (error !== undefined) throw error;
    return stdout + stderr;
  }

  #bin(program: string): string {
    return join(this.#folder, 'node_modules/.bin', program);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
