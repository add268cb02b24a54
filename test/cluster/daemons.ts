import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process, told from a later one with the same number by when it started. */
interface ProcessRecord {
  readonly pid: number;
  readonly started: string;
}

/** Processes that outlive who started them. Each is written down, so that whoever ends them ends these and no others. */
export class Daemons {
  readonly #records: string;
  readonly #logs: string;

  constructor(directory: string) {
    this.#records = join(directory, 'run');
    this.#logs = join(directory, 'log');
  }

  /** Starts a program, unless it runs. What it prints goes to `log/NAME.log`. */
  start(name: string, [program = '', ...words]: readonly string[], environment: NodeJS.ProcessEnv = {}): void {
    if (this.pid(name) !== undefined) return;
    mkdirSync(this.#records, { recursive: true });
    mkdirSync(this.#logs, { recursive: true });
    const log = openSync(this.logOf(name), 'a');
    const child = spawn(program, words, { detached: true, stdio: ['ignore', log, log], env: { ...process.env, ...environment } });
    child.on('error', (error) => console.error(`${name}: ${error.message}`));
    child.unref();
    if (child.pid === undefined) return;
    const record: ProcessRecord = { pid: child.pid, started: processOf(child.pid)?.started ?? '' };
    writeFileSync(this.#recordOf(name), JSON.stringify(record));
  }

  /** The process of a daemon that runs. */
  pid(name: string): number | undefined {
    let record: ProcessRecord;
    try {
      record = JSON.parse(readFileSync(this.#recordOf(name), 'utf8')) as ProcessRecord;
    } catch {
      return undefined;
    }
    const found = processOf(record.pid);
    return found !== undefined && found.started === record.started && found.state !== 'Z' ? record.pid : undefined;
  }

  /** The names of all that was started and not stopped, whether it still runs or not. */
  names(): string[] {
    try {
      return readdirSync(this.#records).map((file) => file.replace(/\.json$/, ''));
    } catch {
      return [];
    }
  }

  /** Ends a daemon, by force if it has not gone after ten seconds. */
  async stop(name: string, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    for (let tries = 0; ; tries++) {
      const pid = this.pid(name);
      if (pid === undefined) break;
      if (tries === 0) process.kill(pid, signal);
      if (tries === 200) process.kill(pid, 'SIGKILL');
      await sleep(50);
    }
    rmSync(this.#recordOf(name), { force: true });
  }

  logOf(name: string): string {
    return join(this.#logs, `${name}.log`);
  }

  #recordOf(name: string): string {
    return join(this.#records, `${name}.json`);
  }
}

/** What the kernel says of a process. Source: proc_pid_stat(5). */
function processOf(pid: number): { readonly state: string; readonly started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, started: fields[19]! };
  } catch {
    return undefined;
  }
}
