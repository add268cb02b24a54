import { type Direction, qualifiedName } from '../api/types.ts';
import { countedIn, type Documentation, type NamespaceDocument, unprotectedIn, untestedIn } from '../document/documentation.ts';
import { listed } from '../document/meaning.ts';
import { dependenceNotes } from './dependence.ts';
import { indexPage, type Layout, Links, pageOf } from './documentation-links.ts';
import { namespacePicture } from './documentation-picture.ts';
import { descriptionLines, type PageStyle, policyLines, titleLine } from './documentation-policy.ts';
import { capitalized, Names, unprotectedWords } from './documentation-words.ts';
import { type PolicyDescriptions, workloadLines } from './documentation-workload.ts';
import { escapeMarkdown, markdownCode, proseMarkdown, renderMarkdownTable } from './markdown.ts';
import type { Breakdown } from './matrix-view.ts';
import { matrixMermaid, pictureMermaid } from './mermaid.ts';
import { count } from './text.ts';

/** Stands at the head of every page, so that pages of namespaces that are gone can be told from pages of other people. */
export const pageMark = '<!-- Written by `sallyport docs`: change the policies, not this page. -->';

/** A file of a documentation. */
export interface Page {
  readonly file: string;
  readonly lines: Iterable<string>;
}

/** The documentation as one page. `toFiles` is the way from there to the working directory, as `../../`. */
export function* documentationMarkdown(documentation: Documentation, toFiles = ''): Iterable<string> {
  const writer = new PageWriter(documentation, 'one page', toFiles);
  yield pageMark;
  yield* writer.index();
  for (const namespace of documentation.namespaces) yield* writer.namespace(namespace);
  yield* writer.legend();
}

/** The documentation as an index and a page for each namespace. */
export function documentationPages(documentation: Documentation, toFiles: string): Page[] {
  const writer = new PageWriter(documentation, 'pages', toFiles);
  const index = { file: indexPage, lines: [pageMark, ...writer.index(), ...writer.legend()] };
  return [
    index,
    ...documentation.namespaces.map((namespace) => ({
      file: pageOf(namespace.name),
      lines: [pageMark, ...writer.namespace(namespace)],
    })),
  ];
}

class PageWriter {
  readonly #documentation: Documentation;
  readonly #layout: Layout;
  readonly #style: PageStyle;
  readonly #descriptions: PolicyDescriptions;

  constructor(documentation: Documentation, layout: Layout, toFiles: string) {
    const { namespaces, clusterPolicies, everyone } = documentation;
    const policies = [...clusterPolicies, ...namespaces.flatMap((each) => each.policies)];
    this.#documentation = documentation;
    this.#layout = layout;
    this.#descriptions = new Map(policies.map(({ policy, description }) => [qualifiedName(policy), description]));
    this.#style = {
      links: new Links(
        layout,
        toFiles,
        policies.map(({ policy }) => policy),
      ),
      names: new Names(documentation),
      level: layout === 'pages' ? 0 : 1,
      hasPods: everyone.some(({ pods, kind }) => pods !== undefined && kind !== 'Potential'),
    };
  }

  *index(): Iterable<string> {
    const { namespaces, clusterPolicies } = this.#documentation;
    yield* ['# Network policy', ''];
    yield* [this.#summary(), ''];
    yield* this.#namespaceTable();
    yield* this.#picture(namespaces.length > 1 ? 'namespace' : undefined);
    yield* this.#unprotected();
    yield* this.#untested();
    yield* this.#dependent();
    if (clusterPolicies.length === 0) return;
    yield* ['## Policies of the whole cluster', ''];
    const style = { ...this.#style, level: 0 };
    for (const policy of clusterPolicies) yield* policyLines(policy, style);
  }

  #picture(by: Breakdown | undefined): Iterable<string> {
    const { everyone, connectivity } = this.#documentation;
    const shown = connectivity();
    return fenced(matrixMermaid({ shown, whole: () => shown, counted: () => shown, everyone, denied: false, by }));
  }

  #summary(): string {
    const { namespaces, clusterPolicies } = this.#documentation;
    const workloads = namespaces.flatMap((each) => each.workloads).filter(({ endpoint }) => endpoint.kind !== 'Potential').length;
    const policies = namespaces.reduce((sum, each) => sum + each.policies.length, clusterPolicies.length);
    const who = workloads === 0 ? 'pods to come' : count(workloads, 'workload');
    return `What ${count(policies, 'policy', 'policies')} ${policies === 1 ? 'means' : 'mean'} for ${who} in ${count(namespaces.length, 'namespace')}: who may talk to whom, on what, and why.`;
  }

  *#namespaceTable(): Iterable<string> {
    const { namespaces } = this.#documentation;
    const titles = ['Namespace', 'Policies', 'Workloads', 'Open for ingress', 'Open for egress', 'What it is for'];
    const rows = namespaces.map((namespace) => {
      const { name, description, workloads, policies } = namespace;
      const counted = countedIn(namespace);
      const open = (direction: Direction): string => {
        const number = counted.filter((each) => each[direction].isolation !== 'all').length;
        return number === 0 ? '–' : number === counted.length ? '**all**' : `**${number}**`;
      };
      return [
        this.#style.links.namespace(name),
        String(policies.length),
        String(workloads.filter(({ endpoint }) => endpoint.kind !== 'Potential').length),
        open('ingress'),
        open('egress'),
        proseMarkdown(description.text ?? ''),
      ];
    });
    const hasText = rows.some((row) => row.at(-1) !== '');
    const columns = hasText ? titles.length : titles.length - 1;
    yield* renderMarkdownTable(
      titles.slice(0, columns).map((title, index) => ({ title, align: index > 0 && index < 3 ? 'right' : 'left' })),
      rows.map((row) => row.slice(0, columns)),
    );
    yield '';
  }

  *#unprotected(): Iterable<string> {
    const { namespaces } = this.#documentation;
    const found = unprotectedIn(namespaces);
    yield* ['## What is not protected', ''];
    if (namespaces.every(({ workloads }) => workloads.length === 0)) yield 'No workload is there to be protected.';
    else if (found.length === 0) yield 'Every workload is isolated in both directions: nothing may pass but what a policy allows.';
    for (const { direction, isolation, workloads } of found) {
      const words = unprotectedWords[direction][isolation];
      if (words !== undefined) yield `- ${words}: ${this.#style.names.markdown(new Set(workloads.map(({ endpoint }) => endpoint.id)))}.`;
    }
    yield '';
  }

  *#untested(): Iterable<string> {
    const { tests } = this.#documentation;
    yield* ['## What is not tested', ''];
    if (tests === undefined) {
      yield* ['No connectivity tests were given.', ''];
      return;
    }
    const { passed, failing, covered, total } = tests;
    const number = passed + failing.length;
    const passing = failing.length === 0 ? (number === 1 ? 'and passes' : 'all of which pass') : `of which ${passed} pass`;
    yield `There ${number === 1 ? 'is' : 'are'} ${count(number, 'test')}, ${passing}. Of ${total} rules and isolations that could decide, ${covered} were seen deciding.`;
    yield '';
    for (const { document, name, status, source } of failing) {
      const place = source === undefined ? '' : ` (${this.#style.links.place(source)})`;
      yield `- **${status === 'failed' ? 'fails' : 'can not be decided'}**: ${escapeMarkdown(`${document}: ${name}`)}${place}`;
    }
    for (const { policy, directions, rules } of untestedIn(this.#documentation)) {
      const what = [
        ...rules.map(({ direction, index }) => `${direction} rule ${index + 1}`),
        ...directions.map((direction) => `that the rest is denied for ${direction}`),
      ];
      yield `- No test asks about ${this.#style.links.policy(policy.policy, undefined)}: ${listed(what)}.`;
    }
    if (failing.length > 0 || covered < total) yield '';
  }

  *#dependent(): Iterable<string> {
    const { choices } = this.#documentation;
    if (choices.length === 0) return;
    yield* ['## What depends on the network plugin', ''];
    for (const note of dependenceNotes(choices)) yield `- ${capitalized(escapeMarkdown(note))}.`;
    yield* ['- `sallyport matrix` marks the connections, and `sallyport check` says of each what decides.', ''];
  }

  *namespace(document: NamespaceDocument): Iterable<string> {
    const { name, description, workloads, policies } = document;
    const style = this.#style;
    const anchor = this.#layout === 'pages' ? '' : `<a id="namespace-${name}"></a>`;
    yield* [titleLine(style, 1, `${anchor}Namespace ${markdownCode(name)}`), ''];
    yield* descriptionLines(description);
    if (this.#layout === 'pages') yield* [`[All namespaces](${indexPage})`, ''];
    yield* fenced(pictureMermaid(namespacePicture(document, style.names)));
    if (workloads.length > 0) yield* [titleLine(style, 2, `Workloads of ${markdownCode(name)}`), ''];
    yield* workloadLines(document, this.#descriptions, style);
    if (policies.length === 0) yield* ['No policy is in this namespace.', ''];
    else yield* [titleLine(style, 2, `Policies of ${markdownCode(name)}`), ''];
    for (const policy of policies) yield* policyLines(policy, style);
  }

  *legend(): Iterable<string> {
    yield* ['## How to read this', ''];
    yield '- A connection passes when both ends let it: its source for egress, its destination for ingress. An end that no policy isolates lets everything pass.';
    yield '- Policies only add: what one allows no other denies, but for policies of the whole cluster, which are asked first or last.';
    yield '- `shop/*` is every workload of namespace `shop`, *outside* every address that no pod or node has, *every namespace* a pod of any other namespace.';
    yield '- Ports are those of the pods, whatever Service leads there. The node that a pod runs on may always reach it, and is not mentioned.';
  }
}

/** A picture, as Markdown has it. */
function* fenced(lines: Iterable<string>): Iterable<string> {
  yield '```mermaid';
  yield* lines;
  yield* ['```', ''];
}
