import { readFileSync } from 'node:fs';
import type { Choices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { parseCidr } from '#core/net/cidr.ts';
import { renderDiagnostic } from '#core/render/diagnostics.ts';
import { count } from '#core/render/text.ts';
import { readManifests } from '#manifest/read.ts';
import { CannotAnswer } from './exit.ts';
import { choicesOf, type InputOptions } from './options.ts';
import { stderr } from './terminal.ts';

/** What a command looks at. */
export interface Input {
  readonly objects: readonly KubernetesObject[];
  readonly choices: Choices;
}

/** Says something beside the answer; on standard error unless a command has its own place for it. */
export type Say = (lines: Iterable<string>) => void | Promise<void>;

/**
 * Reads the objects that the options name, and gives addresses to pods without. Says every fault of the input; an error among them ends
 * the command.
 */
export async function readInput(options: InputOptions, say: Say = (lines) => stderr.print(lines)): Promise<Input> {
  const { filename = [], namespace, podCidr } = options;
  if (filename.length === 0)
    throw new CannotAnswer(
      'this version reads no cluster yet: say with -f where the manifests are',
      'for example: sallyport check -f manifests/ --from shop/client --to shop/web --port 80',
    );
  const choices = choicesOf(options);
  const wrong = podCidr?.find((text) => parseCidr(text) === undefined);
  if (wrong !== undefined) throw new CannotAnswer(`--pod-cidr: ${wrong} is no CIDR`);
  const defaultNamespace = namespace === undefined ? {} : { defaultNamespace: namespace };
  const { objects, diagnostics, skipped } = await readManifests(filename, { choices, ...defaultNamespace });
  for (const diagnostic of diagnostics) await say(renderDiagnostic(diagnostic, stderr.style, textOf));
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) throw new CannotAnswer(`${count(errors, 'error')} in the input; nothing was evaluated`);
  if (skipped > 0)
    await say([stderr.style.palette.faint(`note: skipped ${count(skipped, 'document')} of kinds that Sallyport does not read`)]);
  return { objects: assignAddresses(objects, podCidr), choices };
}

/** The text of a file, for excerpts; standard input is gone. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
