import type { Choices } from '#core/api/choices.ts';
import { type Diagnostic, sourceText } from '#core/api/diagnostic.ts';
import { choicesOfProfile, type ProfileName } from '#core/api/profiles.ts';
import { addressesMissing, duplicateAddresses } from '#core/cluster/address-faults.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { type ClusterChange, clusterOf, differenceOf, objectsOf } from '#core/cluster/cluster.ts';
import { joinObjects } from '#core/cluster/join-objects.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { ManifestCollection, type Manifests } from '#manifest/collect.ts';

/** What the network plugin does where Kubernetes leaves it open; nothing: the defaults, and every choice stays a question. */
export interface PluginOptions {
  /** The network plugin, as far as it is known. */
  readonly profile?: ProfileName;
  /** Single choices, over those of the profile. */
  readonly choices?: Partial<Choices>;
}

/** How manifests are read. */
export interface ParseOptions extends PluginOptions {
  /** The namespace of namespaced objects that name none: `default` unless given. */
  readonly defaultNamespace?: string;
  /** Whether an object of a kind that decides nothing here (a ConfigMap, say) is an error, or is skipped and counted. Unless given, `skip`. */
  readonly unknownKinds?: 'error' | 'skip';
}

/** How a cluster is understood. */
export interface AnalyseOptions extends PluginOptions {
  /** Where pods without an address get one, a CIDR for each family: `10.244.0.0/16` and `fd00:10:244::/56` unless given. */
  readonly podCidrs?: readonly string[];
  /** The cluster that this one is compared with: pods that are in both are then given the same addresses. */
  readonly comparedWith?: Analysis;
}

/**
 * Reads manifests, YAML or JSON, several documents or lists in each text. Policies are read as strictly as the API server does; of other
 * kinds only what is needed is checked. Never fails: what is wrong is among the diagnostics, with file, line and column.
 *
 * @param texts The texts by the names of their files, which are repeated in answers.
 */
export async function parseManifests(texts: Readonly<Record<string, string>>, options: ParseOptions = {}): Promise<Manifests> {
  const { defaultNamespace, unknownKinds = 'skip' } = options;
  const collection = new ManifestCollection({ choices: choicesOf(options), ...(defaultNamespace !== undefined && { defaultNamespace }) });
  for (const [file, text] of Object.entries(texts)) await collection.addText(text, file, unknownKinds);
  return collection.finish();
}

/**
 * Makes a cluster ready to be asked. Workloads stand for the pods that they would make.
 *
 * @param manifests What {@link parseManifests} has read.
 * @throws {@link ManifestError} where the manifests hold an error, or the ranges too few addresses for the pods: an answer about the rest would
 *   pass for one about the whole.
 */
export function analyse(manifests: Manifests, options: AnalyseOptions = {}): Analysis {
  const { profile, podCidrs, comparedWith } = options;
  const settled = profile === undefined ? new Set<never>() : choicesOfProfile(profile).settled;
  const known = comparedWith === undefined ? [] : objectsOf(comparedWith.cluster);
  return new Analysis(clusterOf(placed(soundObjects(manifests), podCidrs, known)), choicesOf(options), settled);
}

/**
 * What `kubectl apply` of manifests would change in a cluster, for {@link WhatIf}. The pods of a workload become what its manifest says. Nothing
 * is deleted by applying; a deletion is a change that says so.
 *
 * @throws {@link ManifestError} where the manifests hold an error, or pods with addresses that others in the cluster have.
 */
export function changesOfApply(analysis: Analysis, manifests: Manifests, options: Pick<AnalyseOptions, 'podCidrs'> = {}): ClusterChange[] {
  const there = objectsOf(analysis.cluster);
  const joined = placed(joinObjects([there, soundObjects(manifests)]), options.podCidrs, there);
  refuse(duplicateAddresses(joined));
  return differenceOf(analysis.cluster, clusterOf(joined));
}

function soundObjects({ objects, diagnostics }: Manifests): Manifests['objects'] {
  refuse(diagnostics.filter(({ severity }) => severity === 'error'));
  return objects;
}

/** The objects with addresses for pods without. */
function placed(objects: Manifests['objects'], podCidrs: readonly string[] | undefined, known: Manifests['objects']): Manifests['objects'] {
  const all = assignAddresses(objects, podCidrs, known);
  refuse(addressesMissing(all, podCidrs));
  return all;
}

function refuse(errors: readonly Diagnostic[]): void {
  if (errors.length > 0) throw new ManifestError(errors);
}

/** Manifests with errors were to be analysed. */
export class ManifestError extends Error {
  /** The errors, all of them. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const [first] = diagnostics;
    const place = first?.source === undefined ? '' : `${sourceText(first.source)}: `;
    super(`${place}${first?.message}${diagnostics.length > 1 ? `, and ${diagnostics.length - 1} more` : ''}`);
    this.name = 'ManifestError';
    this.diagnostics = diagnostics;
  }
}

const choicesOf = ({ profile = 'spec', choices }: PluginOptions): Choices => ({ ...choicesOfProfile(profile).choices, ...choices });
