import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { applyChanges, type ClusterChange } from '#core/cluster/cluster.ts';
import type { Progress } from '#core/connectivity/difference.ts';
import { differenceBetween } from '#core/connectivity/difference-between.ts';
import { type Simplification, simplified, simplify } from '#core/generate/simplify.ts';
import { writtenPolicy, writtenSpec } from '#core/generate/written.ts';
import { isDifferent } from '#core/render/difference-view.ts';
import { renderJson } from '#core/render/json.ts';
import { simplificationAnswer, simplificationText } from '#core/render/simplification.ts';
import { count } from '#core/render/text.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { ManifestCollection } from '#manifest/collect.ts';
import { writeYaml } from '#manifest/write-yaml.ts';
import { analysed } from './analysed.ts';
import { answering, CannotAnswer, type ExitCode } from './exit.ts';
import { filesOf, note, readInput } from './input.ts';
import { defaultNamespaceIn, type FilterOptions, namespacesOf } from './matrix-filter.ts';
import { addInputOptions, addOutputOption, examples, type InputOptions } from './options.ts';
import type { PolicyText } from './policy-text.ts';
import { counting, isMuch, withProgress } from './progress.ts';
import { stdout } from './terminal.ts';

interface Options extends Omit<InputOptions, 'namespace' | 'allNamespaces'>, Pick<FilterOptions, 'namespace' | 'allNamespaces'> {
  readonly check?: true;
  readonly write?: true;
  readonly output: 'text' | 'json';
}

/** `sallyport simplify`. */
export function define(command: Command): void {
  command
    .description(
      'Writes policies with fewer rules, peers and ports that mean the same in every cluster: what others say is dropped, rules with equal peers or ' +
        'equal ports become one, blocks and ranges are joined. The result is proved equal to what is there, for the pods there are and for those ' +
        'that could be. A policy that only denies stays: it is the floor to stand on.\n\n' +
        'Exit code 0: done, or with --check nothing to do; 1: with --check there is something; 2: no answer.',
    )
    .usage('-f <path>... [options]')
    .option('--check', 'say what could be simpler, and fail if there is anything')
    .option('--write', 'change the files, and nothing in them but the rules; what can go is only told');
  addInputOptions(command);
  addOutputOption(command, ['text', 'json']);
  examples(command, [
    'sallyport simplify -f policies/',
    'sallyport simplify -f policies/ --check',
    'sallyport simplify -f policies/ --write',
  ]);
  command.action(answering(run));
}

async function run(options: Options): Promise<ExitCode> {
  const { check, write, output, namespace, ...others } = options;
  if (check && write) throw new CannotAnswer('--check only looks and --write changes files: give one of them');
  filesOf(others);
  const home = defaultNamespaceIn(namespace);
  const { objects, choices } = await readInput({ ...others, ...home });
  const shown = namespacesOf(options);
  const analysis = await analysed({ objects, choices });
  const found = await withProgress('looking for simpler policies', async (report) => {
    report('looking for simpler policies', isMuch(objects));
    const simpler = simplify(analysis.cluster).filter(({ policy }) => shown.length === 0 || shown.includes(policy.namespace));
    report('proving that they mean the same', isMuch(objects));
    prove(analysis, simpler, counting(report, 'proving that they mean the same', 'endpoints'));
    return simpler;
  });
  const { PolicyText: Text } = await import('./policy-text.ts');
  const texts = new Texts((text) => new Text(text, home.namespace ?? 'default'));
  if (output === 'json')
    await stdout.print(renderJson({ simplifications: found.map((each) => simplificationAnswer(each, writtenSpec(simplified(each)))) }));
  else if (check || write) await stdout.print(found.flatMap((each) => [...simplificationText(each)]));
  else await stdout.write(documentsOf(found, texts));
  if (write) await writeFiles(found, texts, (files) => proveTexts(analysis, files, home));
  if (output === 'text')
    await note(found.length === 0 ? 'nothing can be simpler' : `${count(found.length, 'policy', 'policies')} can be simpler`);
  return check && found.length > 0 ? 1 : 0;
}

/** A fault here would change what is allowed, so nobody need take it on trust. */
function prove(before: Analysis, found: readonly Simplification[], onSource: Progress): void {
  const changes = found.map((each): ClusterChange => {
    const { kind, namespace, name } = each.policy;
    return each.coveredBy === undefined ? { type: 'put', object: simplified(each) } : { type: 'delete', id: { kind, namespace, name } };
  });
  proveEqual(before, changes, onSource);
}

function proveEqual(before: Analysis, changes: readonly ClusterChange[], onSource: Progress): void {
  const after = new Analysis(applyChanges(before.cluster, changes), before.model.choices);
  if (isDifferent(differenceBetween(before, after, { exposure: true, explain: false, onSource })))
    throw new Error('simpler policies mean something else');
}

/** What is about to be written is read as anybody would read it: a slip in the text would change what is allowed, too. */
async function proveTexts(before: Analysis, files: Iterable<[string, PolicyText]>, home: { readonly namespace?: string }): Promise<void> {
  const { choices } = before.model;
  const collection = new ManifestCollection({ choices, ...(home.namespace !== undefined && { defaultNamespace: home.namespace }) });
  for (const [file, text] of files) await collection.addText(text.toString(), file, 'skip');
  const { objects, diagnostics } = collection.finish();
  const fault = diagnostics.find(({ severity }) => severity === 'error');
  if (fault !== undefined) throw new Error(`simpler policies can't be read: ${fault.message}`);
  const changes = objects.flatMap((object): ClusterChange[] => (object.kind === 'NetworkPolicy' ? [{ type: 'put', object }] : []));
  await withProgress('proving the texts', async (report) =>
    proveEqual(before, changes, counting(report, 'proving the texts', 'endpoints')),
  );
}

/** The texts of files, each read once. */
class Texts {
  readonly #texts = new Map<string, PolicyText>();
  readonly #parse: (text: string) => PolicyText;

  constructor(parse: (text: string) => PolicyText) {
    this.#parse = parse;
  }

  /** The text in which the policy stands; undefined for one that can't be read again, or that is no YAML. */
  of({ policy: { source } }: Simplification): PolicyText | undefined {
    const file = source?.file ?? '<stdin>';
    if (file === '<stdin>' || file.endsWith('.json')) return undefined;
    const text = this.#texts.get(file) ?? this.#parse(readFileSync(file, 'utf8'));
    this.#texts.set(file, text);
    return text;
  }

  files(): Iterable<[string, PolicyText]> {
    return this.#texts.entries();
  }
}

/** The policies as they would be, as YAML documents with what becomes of them above. */
function documentsOf(found: readonly Simplification[], texts: Texts): string {
  const documents = found.map((each) => {
    const comment = [...simplificationText(each)].map((line) => `# ${line}\n`).join('');
    if (each.coveredBy !== undefined) return comment;
    const text = texts.of(each)?.change(each);
    if (text !== undefined) return comment + text.replace(/^---\n/, '');
    return `${comment}# its labels and annotations, which are not shown, stay as they are\n${writeYaml(writtenPolicy(simplified(each)))}`;
  });
  return documents.join('---\n');
}

async function writeFiles(
  found: readonly Simplification[],
  texts: Texts,
  proveAll: (files: Iterable<[string, PolicyText]>) => Promise<void>,
): Promise<void> {
  const left = found.filter((each) => each.coveredBy === undefined && texts.of(each)?.change(each) === undefined);
  await proveAll(texts.files());
  for (const [file, text] of texts.files()) writeFileSync(file, text.toString());
  for (const { policy } of left) await note(`${policy.namespace}/${policy.name} is not changed: it stands in no YAML that can be edited`);
}
