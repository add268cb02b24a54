import { type Choices, defaultChoices } from '#core/api/choices.ts';
import { type Decoded, decodeObject, type OnForeign, type OnObject } from '#core/api/decode.ts';
import { type Diagnostic, sourceText } from '#core/api/diagnostic.ts';
import { expandWorkloads } from '#core/api/expand-workloads.ts';
import { Pool } from '#core/api/pool.ts';
import { type KubernetesObject, kindAndName } from '#core/api/types.ts';
import type { Workload } from '#core/api/workload.ts';
import { duplicateAddresses } from '#core/cluster/address-faults.ts';
import { isConnectivityTest } from '#core/expect/read-test.ts';
import type { ManifestDocument } from './document.ts';
import { parseDocuments } from './parse.ts';

/** How manifests are understood; everything has a default. */
export interface ManifestOptions {
  /** The namespace of namespaced objects that name none; `default` unless given. */
  readonly defaultNamespace?: string;
  readonly choices?: Choices;
  /** Told of every sound object with its manifest. */
  readonly onObject?: OnObject;
  /** Told of every object of a kind that is not read. */
  readonly onForeign?: OnForeign;
}

/** What manifests hold. */
export interface Manifests {
  /** The sound objects, pods last: first those that are written, then those that workloads would make. */
  readonly objects: readonly KubernetesObject[];
  /** With an error among them the objects are not all that was meant. */
  readonly diagnostics: readonly Diagnostic[];
  /** How many documents and list items were left out because this program does not read their kind. */
  readonly skipped: number;
  /** The files of kustomize among what was read: what they would add and change is missing. */
  readonly kustomizations: readonly string[];
}

/** A document of a text, decoded. */
export interface ReadDocument extends Omit<Decoded, 'recognized'> {
  /** Holds connectivity tests, which stand beside the policies that they test. */
  readonly isTest: boolean;
}

/** How single documents are read; everything has a default. */
export type DocumentOptions = ManifestOptions & { readonly pool?: Pool };

/** Reads the documents of a text, each with its objects; one that is at fault has those that are sound. */
export async function* readDocuments(text: string, file: string, options: DocumentOptions = {}): AsyncGenerator<ReadDocument> {
  for await (const document of parseDocuments(text, file)) yield readDocument(document, options);
}

function readDocument({ value, place, diagnostics }: ManifestDocument, options: DocumentOptions): ReadDocument {
  if (value === undefined) return { objects: [], workloads: [], diagnostics, unknown: [], isTest: false };
  const decoded = decodeObject(value, { ...options, place });
  const { objects, workloads, unknown } = decoded;
  const isForeign = objects.length + workloads.length + decoded.diagnostics.length === 0;
  const severity = (options.choices ?? defaultChoices)['unknown-fields'] === 'error' ? 'error' : 'warning';
  const duplicates = isForeign ? [] : diagnostics.map((duplicate) => ({ ...duplicate, severity }) as const);
  // Which of two equal keys was meant, nobody knows.
  const isSure = diagnostics.length === 0 || severity === 'warning';
  return {
    objects: isSure ? objects : [],
    workloads: isSure ? workloads : [],
    diagnostics: [...decoded.diagnostics, ...duplicates],
    unknown,
    isTest: isConnectivityTest(value),
  };
}

/** No cluster holds more pods; a number of replicas beyond is a slip or an attack. */
const mostPods = 1_000_000;

/** Gathers the objects of several texts: the same kind, namespace and name twice is an error. */
export class ManifestCollection {
  readonly #options: ManifestOptions;
  readonly #pool = new Pool();
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #workloads = new Map<string, Workload>();
  readonly #diagnostics: Diagnostic[] = [];
  #skipped = 0;
  readonly #kustomizations: string[] = [];

  constructor(options: ManifestOptions = {}) {
    this.#options = options;
  }

  /** Takes in faults that were met before there was a text. */
  addDiagnostics(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) this.#diagnostics.push(diagnostic);
  }

  /** Takes in the documents of a text. Kinds that are not read are errors, or are skipped with a count. */
  async addText(text: string, file: string, unknownKinds: 'error' | 'skip'): Promise<void> {
    for await (const document of readDocuments(text, file, { ...this.#options, pool: this.#pool }))
      this.addDocument(document, unknownKinds);
  }

  /** Takes in a document that is read already. */
  addDocument({ objects, workloads, diagnostics, unknown, isTest }: ReadDocument, unknownKinds: 'error' | 'skip'): void {
    this.addDiagnostics(diagnostics);
    if (unknownKinds === 'error') this.addDiagnostics(unknown);
    else if (!isTest) this.#skip(unknown);
    for (const object of objects) this.#add(this.#objects, object);
    for (const workload of workloads) this.#add(this.#workloads, workload);
  }

  /** Counts what decides nothing; what decides about traffic is named, and so is what would change the others. */
  #skip(unknown: readonly Diagnostic[]): void {
    for (const diagnostic of unknown) {
      const { code, source } = diagnostic;
      if (code === 'foreign-policy') this.addDiagnostics([{ ...diagnostic, severity: 'warning' }]);
      else if (isKustomization(source?.file)) this.#kustomizations.push(source!.file);
      else this.#skipped++;
    }
  }

  #add<T extends KubernetesObject | Workload>(known: Map<string, T>, object: T): void {
    const title = kindAndName(object);
    const first = known.get(title);
    if (first === undefined) {
      known.set(title, object);
      return;
    }
    const at = first.source && ` at ${sourceText(first.source)}`;
    this.#diagnostics.push({
      code: 'duplicate-object',
      severity: 'error',
      message: `${title} is there twice, first${at ?? ''}`,
      object: title,
      ...(object.source && { source: object.source }),
    });
  }

  /** Everything taken in, with the pods that the workloads would make. */
  finish(): Manifests {
    const objects = [...this.#objects.values()];
    const pods = objects.filter((object) => object.kind === 'Pod');
    const nodes = objects.filter((object) => object.kind === 'Node');
    const workloads = this.#affordable();
    return {
      objects: [...objects.filter((object) => object.kind !== 'Pod'), ...expandWorkloads(pods, workloads, nodes)],
      diagnostics: [...this.#diagnostics, ...duplicateAddresses(pods)],
      skipped: this.#skipped,
      kustomizations: this.#kustomizations,
    };
  }

  /** The workloads, unless they would make more pods than can be. */
  #affordable(): readonly Workload[] {
    const workloads = [...this.#workloads.values()];
    const pods = workloads.reduce((sum, { count }) => sum + (count === 'nodes' ? 1 : count), 0);
    if (pods <= mostPods) return workloads;
    const message = `the workloads would make ${pods} pods, more than ${mostPods}`;
    const { source } = workloads[0]!;
    this.#diagnostics.push({ code: 'limit', severity: 'error', message, ...(source && { source }) });
    return [];
  }
}

/** Known by its name: it may say no kind. Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/. */
const isKustomization = (file = ''): boolean => /(?:^|[/:])(?:kustomization\.ya?ml|Kustomization)$/.test(file);
