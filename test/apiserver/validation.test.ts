import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultChoices } from '#core/api/choices.ts';
import { decodeObject, validateUpdate } from '#core/api/decode.ts';
import type { Diagnostic } from '#core/api/diagnostic.ts';
import type { ManifestDocument } from '#manifest/document.ts';
import { parseDocuments } from '#manifest/parse.ts';
import { policyCases, type ValidationCase } from '../cases/validation-cases.ts';
import { ControlPlane, type Reply } from '../cluster/control-plane.ts';
import { cannotRunControlPlane } from '../cluster/programs.ts';

const missing = cannotRunControlPlane();

/** What is said of an object: the faults as `path: message`, and the warnings. */
interface Said {
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
}

/** The first document of a text. */
const documentOf = async (yaml: string): Promise<ManifestDocument> => (await Array.fromAsync(parseDocuments(yaml, 'case.yaml')))[0]!;

async function saidByUs({ yaml, old, strictCIDR }: ValidationCase): Promise<Said & { readonly diagnostics: readonly Diagnostic[] }> {
  const document = await documentOf(yaml);
  const context = { strictCidr: strictCIDR, choices: { ...defaultChoices, 'unknown-fields': 'warn' as const } };
  const before = old === undefined ? undefined : await documentOf(old);
  const diagnostics =
    before === undefined ? decodeObject(document.value, context).diagnostics : validateUpdate(document.value, before.value, context);
  const faults = diagnostics.filter(({ code, severity }) => code === 'field' && severity === 'error');
  return {
    diagnostics,
    faults: [...new Set(faults.map(({ path, message }) => `${path}: ${message}`))].sort(),
    warnings: diagnostics.filter(({ code }) => code === 'warning').map(({ path, message }) => `${path}: ${message}`),
  };
}

function saidByServer({ body, headers }: Reply): Said {
  const { details } = body as { details?: { causes?: { field: string; message: string }[] } };
  const warnings = Array.from(String(headers.warning ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g), ([, text = '']) =>
    text.replaceAll(/\\(.)/g, '$1'),
  );
  // An update the server looks through twice, and says everything twice.
  return { faults: [...new Set((details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`))].sort(), warnings };
}

const pathOf = async ({ yaml }: ValidationCase): Promise<string> => {
  const document = await documentOf(yaml);
  const { metadata } = document.value as { metadata?: { namespace?: unknown } };
  const namespace = typeof metadata?.namespace === 'string' ? metadata.namespace : 'default';
  return `/apis/networking.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/networkpolicies`;
};

/** The faults alike, and of an object that is taken the warnings: of one that is refused the server sends none. */
function expectAlike(ours: Said, reply: Reply): void {
  const theirs = saidByServer(reply);
  expect(ours.faults).toEqual(theirs.faults);
  if (reply.status < 300) expect(ours.warnings).toEqual(theirs.warnings);
}

describe.skipIf(missing !== undefined)(`a policy, as the API server takes it${missing === undefined ? '' : ` (${missing})`}`, () => {
  describe.each([
    ['as it is', false],
    ['with StrictIPCIDRValidation', true],
  ])('%s', (_, strict) => {
    let plane: ControlPlane;
    beforeAll(async () => {
      plane = await ControlPlane.start({ flags: strict ? ['--feature-gates=StrictIPCIDRValidation=true'] : [] });
      const namespaces = ['x', 'default'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
      await plane.create(namespaces);
    });
    afterAll(() => plane?.[Symbol.asyncDispose]());

    const cases = policyCases.filter(({ strictCIDR }) => strictCIDR === strict);
    const create = async (stated: ValidationCase, validation = 'Ignore'): Promise<Reply> =>
      plane.send('POST', `${await pathOf(stated)}?dryRun=All&fieldValidation=${validation}`, stated.yaml, 'application/yaml');

    test.each(cases.filter(({ old, outcome }) => old === undefined && outcome !== 'decode-error'))('$id: $outcome', async (stated) => {
      const reply = await create(stated);
      // A namespace whose name is at fault can't be there, and the server looks no further.
      if (stated.id === 'meta-bad-namespace') expect(reply.status).toBe(404);
      else {
        expect(reply.status).toBe(stated.outcome === 'valid' ? 201 : 422);
        expectAlike(await saidByUs(stated), reply);
      }
    });

    test.each(cases.filter(({ outcome }) => outcome === 'decode-error'))('$id: can not be decoded', async (stated) => {
      expect(await create(stated)).toMatchObject({ status: 400 });
      expect((await saidByUs(stated)).diagnostics.some(({ type }) => type === 'Decode')).toBe(true);
    });

    test.each(
      cases.filter(({ unknownOrDuplicateFields }) => unknownOrDuplicateFields),
    )('$id: has fields that nobody knows', async (stated) => {
      const { status, body } = await create(stated, 'Strict');
      expect(status).toBe(400);
      const document = await documentOf(stated.yaml);
      const { diagnostics } = decodeObject(document.value);
      const said = [...document.diagnostics, ...diagnostics].filter(({ severity, type }) => severity === 'error' && type === 'Strict');
      expect(said.length).toBeGreaterThan(0);
      // We add what may have been meant.
      for (const { message } of said) expect((body as { message: string }).message).toContain(message.replace(/ \(did you mean .*/, ''));
    });

    test.each(cases.filter(({ old }) => old !== undefined))('$id: $outcome, in place of one that an older server took', async (stated) => {
      const before = await documentOf(stated.old!);
      await plane.store('/registry/networkpolicies/x/p', before.value as object);
      const reply = await plane.send('PUT', `${await pathOf(stated)}/p?dryRun=All`, stated.yaml, 'application/yaml');
      expect(reply.status).toBe(stated.outcome === 'valid' ? 200 : 422);
      expectAlike(await saidByUs(stated), reply);
    });
  });
});
