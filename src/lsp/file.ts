import type { Choices } from '#core/api/choices.ts';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import { isPolicyKind, kindAndName, qualifiedName } from '#core/api/types.ts';
import { Originals } from '#core/lint/originals.ts';
import { type ReadDocument, readDocuments } from '#manifest/collect.ts';

/** A document with how its objects are written. */
interface Part {
  readonly document: ReadDocument;
  readonly originals: Originals;
}

/** A file of a workspace as it was last read. */
export interface WorkspaceFile {
  readonly text: string;
  readonly parts: readonly Part[];
  /** What the file held before it was broken and is not seen in it now: it counts until the text is sound again. */
  readonly kept: readonly Part[];
  readonly diagnostics: readonly Diagnostic[];
  /** The policies that the text holds as it is, by `namespace/name` or name. */
  readonly policies: ReadonlySet<string>;
}

/** What can hold no manifest is not looked into. */
const mayHoldObjects = (text: string): boolean => text.includes('apiVersion');

/** A template is not YAML yet: what is wrong with it as such is no fault. */
const isTemplate = (text: string): boolean => text.includes('{{');

/** Reads a file anew. `before` is what it was. */
export async function readFile(path: string, text: string, choices: Choices, before?: WorkspaceFile): Promise<WorkspaceFile> {
  const parts: Part[] = [];
  if (mayHoldObjects(text)) {
    let originals = new Originals();
    const onObject: Originals['onObject'] = (...object) => originals.onObject(...object);
    const onForeign: Originals['onForeign'] = (...object) => originals.onForeign(...object);
    for await (const document of readDocuments(text, path, { choices, onObject, onForeign })) {
      parts.push({ document, originals });
      originals = new Originals();
    }
  }
  const found = parts.flatMap(({ document }) => document.diagnostics);
  const diagnostics = isTemplate(text) ? found.filter(({ code }) => code !== 'syntax') : found;
  const isSound = !found.some(({ severity }) => severity === 'error');
  return { text, parts, kept: isSound ? [] : keptOf(before, parts), diagnostics, policies: policiesIn(parts) };
}

/** What was there and is not there now. */
function keptOf(before: WorkspaceFile | undefined, parts: readonly Part[]): readonly Part[] {
  const there = new Set(parts.flatMap(titlesIn));
  return partsOf(before).filter((part) => !titlesIn(part).some((title) => there.has(title)));
}

/** Everything that counts of a file. */
export const partsOf = (file: WorkspaceFile | undefined): readonly Part[] => (file === undefined ? [] : [...file.parts, ...file.kept]);

const titlesIn = ({ document: { objects, workloads } }: Part): string[] => [...objects, ...workloads].map(kindAndName);

const policiesIn = (parts: readonly Part[]): Set<string> =>
  new Set(
    parts.flatMap(({ document }) => document.objects.filter(({ kind }) => isPolicyKind(kind)).map((policy) => qualifiedName(policy))),
  );
