import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDocuments } from './parse.ts';
import { writeYaml } from './write-yaml.ts';

test('a manifest is written as people write it', () => {
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    metadata: { name: 'allow-dns', labels: {} },
    spec: {
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'web', ready: 'yes', port: '80' } },
      ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '2001:db8::/32', '::/0'] } }], ports: [] }, {}],
    },
  };
  expect(writeYaml(policy)).toMatchInlineSnapshot(`
    "apiVersion: networking.k8s.io/v1
    metadata:
      name: allow-dns
      labels: {}
    spec:
      podSelector:
        matchLabels:
          app.kubernetes.io/name: web
          ready: "yes"
          port: "80"
      ingress:
        - from:
            - ipBlock:
                cidr: 10.0.0.0/8
                except:
                  - 10.1.0.0/16
                  - 2001:db8::/32
                  - "::/0"
          ports: []
        - {}
    "
  `);
});

test('what is written is read as what it was, by our reader and the library', async () => {
  const texts = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[-:.#&*!|>'"%@`{}[\],?~ a-z0-9_]{0,6}$/),
    fc.constantFrom('null', '1_0', '2001:db8::', '1:30', '.5', '0x1f', 'a\nb'),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      texts,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        texts.filter((key) => key !== '__proto__' && key !== '<<'),
        tie('value'),
        { maxKeys: 3 },
      ),
    ),
  }));
  await fc.assert(
    fc.asyncProperty(
      value.filter((written) => written !== null),
      async (written) => {
        const text = writeYaml(written);
        const [document] = await Array.fromAsync(parseDocuments(text, 'a.yaml'));
        expect(document!.value).toEqual(written);
        expect(parse(text)).toEqual(written);
      },
    ),
    { numRuns: 1000 },
  );
});
