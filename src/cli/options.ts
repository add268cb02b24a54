import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ChoiceName, type Choices, choices, parseChoices } from '#core/api/choices.ts';
import { choicesOfProfile, type ProfileName, profileNames } from '#core/api/profiles.ts';
import { defaultPodCidrs } from '#core/cluster/assign-addresses.ts';
import type { KubeOptions } from '#kube/target.ts';
import { called } from './called.ts';
import { CannotAnswer } from './exit.ts';

/** The options that say what is looked at: files, or a cluster. */
export interface InputOptions extends KubeOptions {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly set?: readonly string[];
  readonly profile?: ProfileName;
  readonly podCidr?: readonly string[];
}

/** Gathers the values of an option that may be repeated. */
export const collect = (value: string, previous: readonly string[] = []): string[] => [...previous, value];
const collectList = (value: string, previous: readonly string[] = []): string[] => [...previous, ...value.split(',')];

/** Adds what every command that reads a cluster takes. */
export function addInputOptions(command: Command): Command {
  command
    .option('-f, --filename <path>', 'a file, a directory (recursive) or - for standard input; may be repeated', collect)
    .option('-n, --namespace <name>', 'the namespace of objects that name none; limits what is shown, never what is evaluated')
    .option('-A, --all-namespaces', 'show all namespaces');
  return addPluginOptions(command).option(
    '--pod-cidr <cidr>',
    `where pods without an address get one, one range for each family (default: ${defaultPodCidrs.join()})`,
    collectList,
  );
}

/** Adds what says which network plugin answers are for. */
export const addPluginOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--profile <name>', 'answer for this network plugin; docs/profiles.md says what is known of each').choices(profileNames),
    )
    .option('--set <name=value>', `decide what Kubernetes leaves open: ${Object.keys(choices).join(', ')}; may be repeated`, collect);

/** Adds `-o`, with `table` as another word for text. The first format is the default. */
export function addOutputOption(command: Command, formats: readonly string[]): Command {
  const option = new Option('-o, --output <format>', 'how the answer is written').default(formats[0]);
  // Choices are what completion offers; the parser takes `table` as well.
  option.choices(formats);
  return command.addOption(
    option.argParser((value) => {
      const format = value === 'table' ? 'text' : value;
      if (!formats.includes(format)) throw new InvalidArgumentError(`Allowed choices are ${formats.join(', ')}.`);
      return format;
    }),
  );
}

/** The choices that the user set, over those of the profile. */
export function choicesOf({ set = [], profile = 'spec' }: InputOptions): Choices {
  const parsed = parseChoices(set, choicesOfProfile(profile).choices);
  if ('error' in parsed) throw new CannotAnswer(parsed.error as string);
  return parsed as Choices;
}

/** The choices that a named profile settles; without one, every choice is open. */
export const settledBy = ({ profile }: InputOptions): ReadonlySet<ChoiceName> =>
  profile === undefined ? new Set() : choicesOfProfile(profile).settled;

/** Adds examples at the end of a command's help, written as the user calls the program. */
export function examples(command: Command, lines: readonly string[]): Command {
  const asCalled = lines.map((line) => `  ${line.replaceAll(/\bsallyport(?= [a-z])/g, called)}`);
  return command.addHelpText('after', `\nExamples:\n${asCalled.join('\n')}`);
}
