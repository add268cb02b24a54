import { readFile, writeFile } from 'node:fs/promises';
import type { Finding } from '#core/lint/finding.ts';
import { fingerprintOf } from '#core/lint/lint.ts';
import { CannotAnswer, messageOf } from './exit.ts';

/** Findings that a file knows, apart from those that it does not: as often as it knows each. */
export async function newSince(file: string, findings: readonly Finding[]): Promise<readonly Finding[]> {
  const known = new Map<string, number>();
  for (const print of await readPrints(file)) known.set(print, (known.get(print) ?? 0) + 1);
  return findings.filter((finding) => {
    const print = fingerprintOf(finding);
    const left = known.get(print) ?? 0;
    known.set(print, left - 1);
    return left <= 0;
  });
}

async function readPrints(file: string): Promise<readonly string[]> {
  try {
    const { findings } = JSON.parse(await readFile(file, 'utf8')) as { readonly findings?: unknown };
    if (Array.isArray(findings) && findings.every((each) => typeof each === 'string')) return findings;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CannotAnswer(
      `${file}: ${code === 'ENOENT' ? 'there is no baseline' : messageOf(error)}`,
      '--write-baseline writes one of what there is now',
    );
  }
  throw new CannotAnswer(`${file}: is no baseline: it has no list \`findings\``);
}

/** Writes what there is, so that only what is new is found from now on. */
export async function writeBaseline(file: string, findings: readonly Finding[]): Promise<void> {
  const text = `${JSON.stringify({ findings: findings.map(fingerprintOf).sort() }, undefined, 2)}\n`;
  await writeFile(file, text).catch((error: unknown) => {
    throw new CannotAnswer(`${file}: ${messageOf(error)}`);
  });
}
