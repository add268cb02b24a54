import { spawn } from 'node:child_process';
import { readlinkSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { askLab, logPath } from './control.ts';

/**
 * Runs a command in a running lab, at a place: a pod (`namespace/name`), a node (`node:NAME`) or `outside`. It has this process' terminal,
 * files and directory, and ends with the lab. Resolves to its exit code, 128 and the signal's number when a signal has ended it.
 */
export async function execInLab(directory: string, name: string, place: string, command: readonly string[]): Promise<number> {
  const { pid, descriptor } = await askLab(directory, name, { request: 'enter', place });
  const isOwnUser = readlinkSync('/proc/self/ns/user') === readlinkSync(`/proc/${pid}/ns/user`);
  const words = [
    '--target',
    String(pid),
    ...(isOwnUser ? [] : ['--user', '--preserve-credentials']),
    '--mount',
    '--pid',
    `--net=/proc/${pid}/fd/${descriptor}`,
    `--wd=${process.cwd()}`,
    '--',
    ...command,
  ];
  const child = spawn('nsenter', words, {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin` },
  });
  // The terminal tells the command itself; this process only has to outlive it.
  const ignore = (): void => {};
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', ignore).on('SIGQUIT', ignore).on('SIGTERM', forward).on('SIGHUP', forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGQUIT', ignore).off('SIGTERM', forward).off('SIGHUP', forward);
  }
}

/** Ends a running lab. Resolves when nothing of it is left. */
export async function endLab(directory: string, name: string): Promise<void> {
  const { pid } = await askLab(directory, name, { request: 'down' });
  for (let tries = 0; tries < 1000 && isAlive(pid); tries++) await sleep(10);
  if (isAlive(pid)) throw new Error(`the lab ${name} (process ${pid}) does not end`);
  rmSync(logPath(directory, name), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
