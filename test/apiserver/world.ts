import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { buildProgram, type Form, root } from '#test/golden/session.ts';
import { ControlPlane, type ControlPlaneOptions } from '../cluster/control-plane.ts';
import { programs } from '../cluster/programs.ts';

/** What a program did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface WorldOptions extends ControlPlaneOptions {
  /** What `sallyport` is; Node's without it. */
  readonly form?: Form;
}

/** A control plane, the program as it ships, and kubectl with it as a plugin. */
export class World implements AsyncDisposable {
  readonly plane: ControlPlane;
  /** A directory of the test's own. */
  readonly folder: string;
  /** The administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** The program as it ships, for Node. */
  readonly program: string;
  readonly #path: string;

  private constructor(plane: ControlPlane, path: string) {
    this.plane = plane;
    this.#path = path;
    this.program = join(path, 'sallyport.js');
    this.folder = mkdtempSync(join(path, 'world-'));
    this.kubeconfig = plane.kubeconfig('admin');
  }

  static async create({ form, ...options }: WorldOptions = {}): Promise<World> {
    const path = await buildProgram(form);
    // As npm would install it: kubectl finds its plugins, and their completion, by their names.
    const installed = join(path, 'installed');
    cpSync(join(root, 'bin'), join(installed, 'bin'), { recursive: true });
    symlinkSync(path, join(installed, 'build'));
    symlinkSync(join(installed, 'bin/sallyport'), join(path, 'kubectl-sallyport'));
    symlinkSync(join(installed, 'bin/kubectl_complete-sallyport'), join(path, 'kubectl_complete-sallyport'));
    return new World(await ControlPlane.start(options), path);
  }

  /** Runs `sallyport` with the administrator's kubeconfig. */
  sallyport(...words: string[]): Promise<Ran> {
    return this.run('sallyport', words);
  }

  /** Runs `kubectl` with the administrator's kubeconfig. */
  kubectl(...words: string[]): Promise<Ran> {
    return this.run('kubectl', words);
  }

  /** Runs a line of a shell with the administrator's kubeconfig. */
  bash(line: string, environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return this.run('bash', ['-o', 'pipefail', '-c', line], environment);
  }

  run(program: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const env: NodeJS.ProcessEnv = {
      PATH: [this.#path, programs, dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: this.folder,
      KUBECONFIG: this.kubeconfig,
      ...environment,
    };
    return new Promise((resolve) => {
      execFile(program, words, { cwd: root, env, maxBuffer: 1 << 28, timeout: 60_000 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      }).stdin?.end();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plane[Symbol.asyncDispose]();
    rmSync(this.#path, { recursive: true });
  }
}
