import { readFileSync } from 'node:fs';
import type { ChoiceName, Choices } from '#core/api/choices.ts';
import type { KubernetesObject } from '#core/api/types.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { parseCidr } from '#core/net/cidr.ts';
import { renderDiagnostic } from '#core/render/diagnostics.ts';
import { count } from '#core/render/text.ts';
import { unenforceableChoice } from '#core/ruleset/enforceable.ts';
import { readManifests } from '#manifest/read.ts';
import { CannotAnswer } from './exit.ts';
import { choicesOf, type InputOptions, settledBy } from './options.ts';
import { stderr } from './terminal.ts';

/** What a command looks at. */
export interface Input {
  readonly objects: readonly KubernetesObject[];
  readonly choices: Choices;
  /** Choices that the user's network plugin is known to have made. */
  readonly settled: ReadonlySet<ChoiceName>;
}

/** Says something beside the answer, line by line. */
export type Say = (lines: Iterable<string>) => void | Promise<void>;

/** Reads the objects that the options name, and says on standard error what is wrong with them; an error among it ends the command. */
export async function readInput(options: InputOptions): Promise<Input> {
  const { skipped, ...input } = await readObjects(options, (lines) => stderr.print(lines));
  if (skipped > 0)
    await stderr.print([stderr.style.palette.faint(`note: skipped ${count(skipped, 'document')} of kinds that Sallyport does not read`)]);
  return input;
}

/** Reads the input of a command that enforces: choices that can only be answered end it. */
export async function readEnforceable(options: InputOptions): Promise<Input> {
  const reason = unenforceableChoice(choicesOf(options));
  if (reason !== undefined) throw new CannotAnswer(reason);
  return readInput(options);
}

/** Reads the objects, with addresses for pods without; also how many documents were skipped. An error of the input is thrown once all are said. */
export async function readObjects(options: InputOptions, say: Say): Promise<Input & { readonly skipped: number }> {
  const { namespace, podCidr } = options;
  const filename = filesOf(options);
  const choices = choicesOf(options);
  const wrong = podCidr?.find((text) => parseCidr(text) === undefined);
  if (wrong !== undefined) throw new CannotAnswer(`--pod-cidr: ${wrong} is no CIDR`);
  const defaultNamespace = namespace === undefined ? {} : { defaultNamespace: namespace };
  const { objects, diagnostics, skipped } = await readManifests(filename, { choices, ...defaultNamespace });
  const textOf = fileTexts();
  for (const diagnostic of diagnostics.slice(0, mostShown)) await say(renderDiagnostic(diagnostic, stderr.style, textOf));
  if (diagnostics.length > mostShown) await say([`and ${diagnostics.length - mostShown} more`]);
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) throw new CannotAnswer(`${count(errors, 'error')} in the input; nothing was evaluated`);
  return { objects: assignAddresses(objects, podCidr), choices, settled: settledBy(options), skipped };
}

/** The paths that the options name. Without any a live cluster would be meant. */
export function filesOf({ filename = [] }: InputOptions): readonly string[] {
  if (filename.length > 0) return filename;
  throw new CannotAnswer(
    'this version reads no cluster yet: say with -f where the manifests are',
    'for example: sallyport check -f manifests/ --from shop/client --to shop/web --port 80',
  );
}

/** Refuses to read standard input twice, for manifests and for flows. */
export function checkStandardInput(options: InputOptions & { readonly flows?: string }): void {
  if (options.flows === '-' && filesOf(options).includes('-'))
    throw new CannotAnswer('standard input can be read once: -f - or --flows -, not both');
}

/** Of an input that is wrong from end to end, the first faults are enough. */
const mostShown = 100;

/** Finds the texts of files, for excerpts, each read once; standard input is gone. */
function fileTexts(): (file: string) => string | undefined {
  const texts = new Map<string, string | undefined>();
  return (file) => {
    if (!texts.has(file)) texts.set(file, readIfPossible(file));
    return texts.get(file);
  };
}

function readIfPossible(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
