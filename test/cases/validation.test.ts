import { describe, expect, it } from 'vitest';
import { type Choices, defaultChoices } from '#core/api/choices.ts';
import { type Decoded, decodeObject, validateUpdate } from '#core/api/decode.ts';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import type { NetworkPolicy } from '#core/api/types.ts';
import type { ManifestDocument } from '#manifest/document.ts';
import { parseDocuments } from '#manifest/parse.ts';
import { policyCases, schemaCases, type ValidationCase } from './validation-cases.ts';

const strangeCases = policyCases.filter(({ unknownOrDuplicateFields }) => unknownOrDuplicateFields);

async function documentOf(yaml: string): Promise<ManifestDocument> {
  const documents = await Array.fromAsync(parseDocuments(yaml, 'case.yaml'));
  expect(documents).toHaveLength(1);
  return documents[0]!;
}

async function decodeCase({ yaml, strictCIDR }: ValidationCase, choices: Partial<Choices>): Promise<Decoded> {
  const document = await documentOf(yaml);
  const decoded = decodeObject(document.value, {
    place: document.place,
    strictCidr: strictCIDR,
    choices: { ...defaultChoices, ...choices },
  });
  return { ...decoded, diagnostics: [...document.diagnostics, ...decoded.diagnostics] };
}

/** Paths and types in order; the cases state the several broken rules of one value once. */
function faultsOf(diagnostics: readonly Diagnostic[]): { path: string; type: string }[] {
  const faults = diagnostics.filter(({ code, severity }) => code === 'field' && severity === 'error');
  return [...new Map(faults.map(({ path, type }) => [`${path} ${type}`, { path: path!, type: type! }])).values()];
}

const typesOf = ({ ingress, egress }: NetworkPolicy): string[] => [...(ingress ? ['Ingress'] : []), ...(egress ? ['Egress'] : [])];

function expectOutcome(stated: ValidationCase, diagnostics: readonly Diagnostic[]): void {
  const faults = faultsOf(diagnostics);
  if (stated.outcome === 'decode-error') {
    expect(faults.length).toBeGreaterThan(0);
    expect(new Set(faults.map(({ type }) => type))).toEqual(new Set(['Decode']));
  } else expect(faults).toEqual(stated.errors ?? []);
  const warnings = diagnostics.filter(({ code }) => code === 'warning').map(({ path }) => path!);
  expect(warnings).toHaveLength(stated.warningCount ?? 0);
  expect([...new Set(warnings)]).toEqual(stated.warnings ?? []);
}

describe('NetworkPolicy as the API server takes it', () => {
  it.each(policyCases.filter(({ old }) => old === undefined))('$id', async (stated) => {
    const { objects, diagnostics } = await decodeCase(stated, { 'unknown-fields': 'warn' });
    expectOutcome(stated, diagnostics);
    expect(objects).toHaveLength(stated.outcome === 'valid' ? 1 : 0);
    if (stated.outcome === 'valid') expect(new Set(typesOf(objects[0] as NetworkPolicy))).toEqual(new Set(stated.policyTypes));
  });
});

describe('NetworkPolicy that replaces another', () => {
  const updates = policyCases.filter(({ old }) => old !== undefined);
  it('has cases', () => expect(updates.length).toBeGreaterThan(0));
  it.each(updates)('$id', async (stated) => {
    const document = await documentOf(stated.yaml);
    const old = await documentOf(stated.old!);
    expectOutcome(stated, validateUpdate(document.value, old.value, { place: document.place, strictCidr: stated.strictCIDR }));
  });
});

describe('NetworkPolicy with unknown or duplicate fields, read strictly', () => {
  it('has cases', () => expect(strangeCases.length).toBeGreaterThan(0));
  it.each(strangeCases)('$id', async (stated) => {
    const { objects, diagnostics } = await decodeCase(stated, {});
    expect(diagnostics.some(({ severity, type }) => severity === 'error' && type === 'Strict')).toBe(true);
    if (diagnostics.every(({ code }) => code !== 'duplicate-key')) expect(objects).toHaveLength(0);
  });
});

describe('every stated fault has a place on a line of its own document', () => {
  it.each(policyCases.filter(({ outcome }) => outcome === 'invalid'))('$id', async (stated) => {
    const lines = stated.yaml.split('\n');
    for (const { source } of (await decodeCase(stated, {})).diagnostics) {
      expect(source?.file).toBe('case.yaml');
      expect(lines[source!.line - 1]!.length).toBeGreaterThanOrEqual(source!.column - 1);
    }
  });
});

describe.each(['standard', 'experimental'] as const)('ClusterNetworkPolicy as the %s schema takes it', (channel) => {
  it('has cases', () => expect(schemaCases.length).toBeGreaterThan(50));

  it.each(schemaCases)('$id', async ({ yaml, [channel]: { outcome, errors = [], prunedFields = [] } }) => {
    const { value, place } = await documentOf(yaml);
    const decoded = decodeObject(value, { place, channel, choices: { ...defaultChoices, 'unknown-fields': 'warn' } });
    expect(faultsOf(decoded.diagnostics)).toEqual(errors);
    expect(decoded.diagnostics.filter(({ type }) => type === 'Strict').map(({ path }) => path)).toEqual(prunedFields);
    expect(decoded.objects).toHaveLength(outcome === 'valid' ? 1 : 0);
    const strictly = decodeObject(value, { place, channel });
    expect(strictly.objects).toHaveLength(outcome === 'valid' && prunedFields.length === 0 ? 1 : 0);
  });
});
