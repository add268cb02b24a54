import { type Choices, defaultChoices } from '#core/api/choices.ts';
import { assignAddresses } from '#core/cluster/assign-addresses.ts';
import { clusterOf } from '#core/cluster/cluster.ts';
import { LintContext } from '#core/lint/context.ts';
import type { Finding } from '#core/lint/finding.ts';
import { type LintSettings, lint } from '#core/lint/lint.ts';
import { Originals } from '#core/lint/originals.ts';
import { findingOf } from '#core/lint/reader-findings.ts';
import { Analysis } from '#core/verdict/analysis.ts';
import { ManifestCollection } from '#manifest/collect.ts';

/** Everything that lint has to say of the texts of some files, by name: of faulty ones what the door has. */
export async function lintTexts(
  texts: Readonly<Record<string, string>>,
  settings: LintSettings = {},
  choices: Choices = defaultChoices,
): Promise<readonly Finding[]> {
  const originals = new Originals();
  const collection = new ManifestCollection({ choices, onObject: originals.onObject, onForeign: originals.onForeign });
  for (const [file, text] of Object.entries(texts)) await collection.addText(text, file, 'skip');
  const { objects, diagnostics } = collection.finish();
  const ofDoor = diagnostics.map(findingOf);
  if (ofDoor.some(({ severity }) => severity === 'error')) return ofDoor;
  return [...ofDoor, ...lint(new LintContext(new Analysis(clusterOf(assignAddresses(objects))), originals), settings)];
}
