import { type ChoiceName, type Choices, choices } from '../api/choices.ts';
import { type Profile, profileNames, profiles } from '../api/profiles.ts';
import { choiceText } from './dependence.ts';
import { escapeMarkdown, markdownCode, renderMarkdownTable } from './markdown.ts';

/** The page of documentation that says what is known of each implementation. */
export function* profilesPage(): Iterable<string> {
  yield '# Profiles of network plugins';
  yield '';
  yield 'Kubernetes leaves some of NetworkPolicy to the network plugin, and some plugins depart from what it demands. `--profile NAME` answers as one of them';
  yield 'would; without it, `check` and `matrix` say what depends on the plugin, and who does what. `--set choice=value` decides one choice.';
  yield 'Where nothing is known, the answer is that of `spec`, and it is still said to be open.';
  yield '';
  yield 'This page is written by `node scripts/profiles.ts` from `src/core/api/profiles.ts`; corrections with a source are welcome there.';
  yield '';
  yield '## What is open';
  yield '';
  yield* renderMarkdownTable(
    [{ title: 'Choice' }, { title: 'What it is about' }, { title: 'Values, the default first' }],
    (Object.keys(choices) as ChoiceName[]).map((name) => [
      markdownCode(name),
      escapeMarkdown(choiceText[name]),
      choices[name].map(markdownCode).join(', '),
    ]),
  );
  yield '';
  yield '## Who does what';
  for (const name of profileNames) yield* profileSection(name, profiles[name]);
}

function* profileSection(name: string, { title, choices: known, sources }: Profile): Iterable<string> {
  yield '';
  yield `### ${markdownCode(name)}: ${escapeMarkdown(title)}`;
  yield '';
  if (name === 'spec') yield 'The defaults above.';
  else yield* renderMarkdownTable([{ title: 'Choice' }, { title: 'Value' }], rowsOf(known));
  yield '';
  yield 'Known from:';
  for (const source of sources) yield `- ${sourceText(source)}`;
}

const rowsOf = (known: Partial<Choices>): string[][] =>
  Object.entries(known).map(([choice, value]) => [
    markdownCode(choice),
    `${markdownCode(value)}${value === choices[choice as ChoiceName][0] ? '' : ', unlike the default'}`,
  ]);

/** An address is a link; what stands behind it is what is found there. */
function sourceText(source: string): string {
  const [, address, rest] = /^(https:\S+)(.*)$/.exec(source) ?? [];
  return address === undefined ? escapeMarkdown(source) : `<${address}>${escapeMarkdown(rest ?? '')}`;
}
