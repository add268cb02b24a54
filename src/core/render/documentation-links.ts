import type { Source } from '../api/diagnostic.ts';
import { type PolicyId, qualifiedName } from '../api/types.ts';
import { markdownCode } from './markdown.ts';

/** How a documentation is laid out: all in one page, or a page for each namespace and an index. */
export type Layout = 'one page' | 'pages';

/** The file of the index. */
export const indexPage = 'README.md';

/** The file of a namespace's page. */
export const pageOf = (namespace: string): string => `${namespace}.md`;

/** Links between the parts of a documentation, and to the files that it is about. */
export class Links {
  readonly #layout: Layout;
  /** The way from the pages to the files. */
  readonly #toFiles: string;
  /** The policies that are told of. */
  readonly #known: ReadonlySet<string>;

  constructor(layout: Layout, toFiles: string, policies: Iterable<PolicyId>) {
    this.#layout = layout;
    this.#toFiles = toFiles;
    this.#known = new Set(Array.from(policies, qualifiedName));
  }

  /** The policy by its name, with a link to what is said of it; its namespace is named where the page is another's. */
  policy(policy: PolicyId, here: string | undefined): string {
    const { namespace, name } = policy;
    const text = markdownCode(namespace === undefined || namespace === here ? name : qualifiedName(policy));
    if (!this.#known.has(qualifiedName(policy))) return text;
    return `[${text}](${this.#layout === 'pages' && namespace !== here ? this.#page(namespace) : ''}#${this.anchor(policy)})`;
  }

  /** What a policy's section is called by links. The name of a namespace holds no dot, so that no two are called the same. */
  anchor({ namespace, name }: PolicyId): string {
    if (namespace === undefined) return `cluster-policy-${name}`;
    return `policy-${this.#layout === 'pages' ? name : `${namespace}.${name}`}`;
  }

  #page(namespace: string | undefined): string {
    return namespace === undefined ? indexPage : pageOf(namespace);
  }

  /** The namespace by its name, with a link to what is said of it. */
  namespace(name: string): string {
    return `[${markdownCode(name)}](${this.#layout === 'pages' ? pageOf(name) : `#namespace-${name}`})`;
  }

  /** The line of a file, with a link. What came from standard input is nowhere. */
  place({ file, line }: Source, text = `${file}:${line}`): string {
    if (file.startsWith('<')) return text;
    const path = file.startsWith('/') ? file : `${this.#toFiles}${file}`;
    return `[${text.replaceAll(/[\\`[\]<>]/g, '\\$&')}](${encodeURI(path).replaceAll(/[()#?]/g, encodeURIComponent)}#L${line})`;
  }
}
