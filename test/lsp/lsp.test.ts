import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileChangeType } from 'vscode-languageserver-protocol/node';
import { policyObject } from '../../bench/cluster.ts';
import { buildProgram } from '../golden/session.ts';
import { Editor } from './editor.ts';

// A real client over the built program: what an editor would be told.

let built: string;
beforeAll(async () => {
  built = await buildProgram();
});
afterAll(() => rmSync(built, { recursive: true }));

/** A folder with files, gone at the end. */
class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'sallyport-lsp-'));

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.path, name)), { recursive: true });
    writeFileSync(join(this.path, name), text);
  }

  uri(name: string): string {
    return pathToFileURL(join(this.path, name)).href;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

const start = (...folders: readonly Folder[]): Promise<Editor> =>
  Editor.start(
    [join(built, 'sallyport')],
    folders.map(({ path }) => path),
  );

const namespaces = `apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: red } }
---
apiVersion: v1
kind: Namespace
metadata: { name: monitoring, labels: { tenant: "7" } }
`;

const workloads = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  replicas: 2
  template:
    metadata: { labels: { app: web, tier: front } }
    spec:
      containers:
        - name: web
          ports: [{ name: http, containerPort: 8080 }]
---
apiVersion: v1
kind: Pod
metadata: { name: client, namespace: shop, labels: { app: client } }
spec: { containers: [{ name: main }] }
---
apiVersion: v1
kind: Pod
metadata: { name: prometheus, namespace: monitoring, labels: { app: prometheus } }
spec: { containers: [{ name: main }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: http }]
`;

const policy = `# Ümläute and 🦊 stand before the selector below.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: page, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: { matchLabels: { app: client } }
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: monitoring
          podSelector:
            matchLabels:
              app: prometheus
      ports:
        - port: http
`;

const shop = { 'namespaces.yaml': namespaces, 'workloads.yaml': workloads, 'policy.yaml': policy };

describe.concurrent('the language server', () => {
  it('tells what is wrong in files that are not open, with code, severity, page and place', async () => {
    using folder = new Folder({
      ...shop,
      'typo.yaml': policy.replaceAll('app: client', 'app: cleint').replace('name: page', 'name: typo'),
    });
    await using editor = await start(folder);
    const found = await editor.diagnostic(folder.uri('typo.yaml'), 'label-near-miss');
    expect(found).toMatchObject({
      severity: 2,
      source: 'sallyport',
      message: 'no pod of namespace shop has app=cleint; did you mean app=client? (NetworkPolicy shop/typo)',
      // All of what stands there, in UTF-16 units from 0.
      range: { start: { line: 9, character: 23 }, end: { line: 9, character: 55 } },
    });
    expect(found.codeDescription?.href).toMatch(/^file:.*\/docs\/lint\/label-near-miss\.md$/);
    expect(await editor.quit()).toBe(0);
  });

  it('follows edits, with fixes that are sure', async () => {
    using folder = new Folder(shop);
    await using editor = await start(folder);
    const uri = folder.uri('policy.yaml');
    await editor.open(uri, policy);
    await editor.replace(uri, 'app: prometheus', 'app: promethues');
    const found = await editor.diagnostic(uri, 'label-near-miss');
    const [fix, all] = await editor.fixes(uri, found);
    expect(fix).toEqual({ title: 'Replace promethues by prometheus', text: policy });
    expect(all).toEqual({ title: 'Fix all that has a sure fix', text: policy });
    await editor.replace(uri, 'app: promethues', 'app: prometheus');
    // A fix of several lines.
    await editor.replace(
      uri,
      'policyTypes: [Ingress]',
      'policyTypes: [Ingress, Egress]\n  egress:\n    - ports:\n        - port: 53\n          protocol: UDP',
    );
    const dns = await editor.diagnostic(uri, 'dns-udp-only');
    const [add] = await editor.fixes(uri, dns);
    expect(add!.title).toBe('Add protocol: TCP port: 53');
    expect(add!.text).toContain('    - ports:\n        - protocol: TCP\n          port: 53\n        - port: 53\n          protocol: UDP\n');
    await editor.replace(uri, ', Egress]\n  egress:\n    - ports:\n        - port: 53\n          protocol: UDP', ']');
    await editor.diagnostics(uri, (all) => all.every(({ code }) => code !== 'label-near-miss'));
  });

  it('counts columns in UTF-16 units, and takes CRLF', async () => {
    const text = `${policy.replace('app: client', '"🦊": x, app: client')}`.replaceAll('\n', '\r\n');
    using folder = new Folder(shop);
    await using editor = await start(folder);
    const uri = folder.uri('policy.yaml');
    await editor.open(uri, text);
    const fault = await editor.diagnostic(uri, 'invalid-selector');
    expect(text.split('\r\n')[fault.range.start.line]!.slice(fault.range.start.character, fault.range.end.character)).toContain('🦊');
    await editor.replace(uri, '"🦊": x, app: client', '/* 🦊 */: x, app: client');
    await editor.replace(uri, '/* 🦊 */: x, app: client', 'app: cleint');
    const found = await editor.diagnostic(uri, 'label-near-miss');
    expect(found.range).toEqual({ start: { line: 9, character: 23 }, end: { line: 9, character: 55 } });
    expect((await editor.fixes(uri, found))[0]!.text).toBe(policy.replaceAll('\n', '\r\n'));
  });

  it('while YAML is broken says so, and keeps what the file held', async () => {
    using folder = new Folder(shop);
    await using editor = await start(folder);
    const [uri, other] = [folder.uri('workloads.yaml'), folder.uri('policy.yaml')];
    await editor.open(uri, workloads);
    await editor.open(other, policy);
    // The second document breaks; with it the pod would go that the policy selects.
    await editor.replace(uri, 'name: client, namespace: shop', 'name: client, namespace: [shop');
    const broken = await editor.diagnostic(uri, 'unreadable-input');
    expect(broken.severity).toBe(1);
    await editor.replace(other, 'port: http', 'port: htpp');
    expect((await editor.diagnostic(other, 'named-port-missing')).range.start.line).toBe(17);
    expect((await editor.diagnostics(other, () => true)).map(({ code }) => code)).not.toContain('peer-no-match');
    expect(await editor.hover(other, 'app: cl|ient')).toContain('Pod shop/client');
    await editor.replace(uri, '[shop', 'shop');
    await editor.diagnostics(uri, (all) => all.every(({ code }) => code !== 'unreadable-input'));
  });

  it('says of a selector which pods it selects now, of a rule whom it lets in, of a policy what it isolates', async () => {
    using folder = new Folder(shop);
    await using editor = await start(folder);
    const uri = folder.uri('policy.yaml');
    await editor.open(uri, policy);
    expect(await editor.hover(uri, 'pod|Selector: { matchLabels: { app: web } }')).toBe('selects **2 pods**\n- Deployment shop/web (2)');
    expect(await editor.hover(uri, 'app: prome|theus')).toBe('**1 pod**\n- Pod monitoring/prometheus');
    expect(await editor.hover(uri, 'port: ht|tp')).toBe('the port `http` is TCP/8080 at **2 pods**\n- Deployment shop/web (2)');
    expect(await editor.hover(uri, '- fr|om:')).toBe(
      'ingress rule 1 lets TCP/http in from\n\n**1 pod**\n- Pod shop/client\n\n**1 pod**\n- Pod monitoring/prometheus',
    );
    expect(await editor.hover(uri, 'kind: Network|Policy')).toBe(
      '**NetworkPolicy shop/page** isolates **2 pods**\n- Deployment shop/web (2)\n\n- ingress: 1 rule let through',
    );
    await editor.open(folder.uri('workloads.yaml'), workloads);
    expect(await editor.hover(folder.uri('workloads.yaml'), 'kind: Deploy|ment')).toBe(
      '**Deployment shop/web**: 2 pods\n\n- egress: no policy isolates it\n- ingress: isolated by `shop/page`',
    );
    expect(await editor.hover(folder.uri('workloads.yaml'), 'selector: { app: w|eb }')).toBe(
      '**Service shop/web** leads to **2 pods**\n- Deployment shop/web (2)',
    );
    await editor.replace(uri, 'app: web', 'app: wbe');
    expect(await editor.hover(uri, 'app: w|be')).toBe('selects **no pod**, as far as these files go');
  });

  it('goes from a selector to the pods', async () => {
    using folder = new Folder(shop);
    await using editor = await start(folder);
    const uri = folder.uri('policy.yaml');
    await editor.open(uri, policy);
    expect(await editor.define(uri, 'app: cl|ient')).toEqual(['workloads.yaml:13']);
    expect(await editor.define(uri, 'podSelector: { matchLabels: { app: w|eb } }')).toEqual(['workloads.yaml:1']);
    expect(await editor.define(uri, '- por|t: http')).toEqual([]);
  });

  it('completes labels, namespaces and ports of the files, in whatever state the text is', async () => {
    using folder = new Folder(shop);
    await using editor = await start(folder);
    const uri = folder.uri('new.yaml');
    await editor.open(
      uri,
      `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: new
  namespace: sh
spec:
  podSelector:
    matchLabels:
      ti
      app: we
  ingress:
    - from:
        - namespaceSelector:
            matchLabels: { team:  }
          podSelector: { matchExpressions: [{ key: app, operator: In, values: [x] }] }
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: 
        - namespaceSelector: { matchLabels: { tenant:  } }
      ports:
        - port: h
`,
    );
    const labels = async (context: string) => (await editor.complete(uri, context)).map(({ label }) => label);
    expect(await editor.complete(uri, 'namespace: sh|')).toContainEqual(
      expect.objectContaining({ label: 'shop', line: 'namespace: shop' }),
    );
    await editor.replace(uri, 'namespace: sh', 'namespace: shop');
    expect(await editor.complete(uri, '      ti|')).toEqual([
      { label: 'app', detail: 'Pod shop/client, Deployment shop/web', line: 'app' },
      { label: 'tier', detail: 'Deployment shop/web', line: 'tier' },
    ]);
    expect(await editor.complete(uri, 'app: we|')).toEqual([
      { label: 'client', detail: 'Pod shop/client', line: 'app: client' },
      { label: 'web', detail: 'Deployment shop/web', line: 'app: web' },
    ]);
    expect(await labels('team: | }')).toEqual(['red']);
    await editor.replace(uri, 'team:  }', 'team: red }');
    expect(await labels('values: [x|]')).toEqual(['client', 'web']);
    expect((await labels('kubernetes.io/metadata.name: |')).sort()).toEqual(['monitoring', 'shop']);
    await editor.replace(uri, 'ti\n      app: we', 'app: web');
    expect(await editor.complete(uri, 'port: h|')).toEqual([
      { label: 'http', detail: 'TCP/8080 of Deployment shop/web', line: '- port: http' },
    ]);
    expect(await labels('operator: |In')).toEqual([]);
    // What YAML would take for a number is written as a text.
    expect((await editor.complete(uri, 'tenant: | }'))[0]!.line).toBe('- namespaceSelector: { matchLabels: { tenant: "7" } }');
  });

  it('takes a folder with a configuration of its own for another cluster, and follows the disk', async () => {
    using folder = new Folder({ 'a/all.yaml': workloads, 'b/all.yaml': workloads, 'a/policy.yaml': policy });
    await using editor = await start(folder);
    const twice = await editor.diagnostic(folder.uri('b/all.yaml'), 'duplicate-object');
    expect(twice.message).toContain('Deployment shop/web is there twice');
    folder.write('b/.sallyport.yaml', 'lint: { rules: { ns-without-default-deny: error } }\n');
    await editor.changedOnDisk(folder.uri('b/.sallyport.yaml'), FileChangeType.Created);
    await editor.diagnostics(folder.uri('b/all.yaml'), (all) => all.every(({ code }) => code !== 'duplicate-object'));
    folder.write('b/.sallyport.yaml', 'lint: { rules: { ns-without-default-dney: error } }\n');
    await editor.changedOnDisk(folder.uri('b/.sallyport.yaml'));
    const fault = await editor.diagnostic(folder.uri('b/.sallyport.yaml'), 'unreadable-input');
    expect(fault.message).toBe('lint.rules: there is no rule ns-without-default-dney; did you mean ns-without-default-deny?');
    folder.write('a/policy.yaml', policy.replace('app: client', 'app: cleint'));
    await editor.changedOnDisk(folder.uri('a/policy.yaml'));
    await editor.diagnostic(folder.uri('a/policy.yaml'), 'label-near-miss');
  });

  it('takes a document that is no file, and lets templates be', async () => {
    await using editor = await start();
    await editor.open('untitled:Untitled-1', policy.replace('port: http', 'port: 0'));
    expect((await editor.diagnostic('untitled:Untitled-1', 'invalid-port-range')).range.start.line).toBe(17);
    await editor.open('untitled:Untitled-2', policy.replace('name: page', 'name: {{ .Release.Name }}-x: y'));
    await editor.replace('untitled:Untitled-1', 'port: 0', 'port: 1');
    await editor.diagnostics('untitled:Untitled-1', (all) => all.every(({ code }) => code !== 'invalid-port-range'));
    expect(await editor.diagnostics('untitled:Untitled-2', () => true)).toEqual([]);
  });

  it('answers an edit among a thousand policies at once', async () => {
    const size = { pods: 2000, policies: 1000 };
    const policies = Array.from({ length: size.policies }, (_, index) => [`${index}.json`, JSON.stringify(policyObject(size, index))]);
    using folder = new Folder({ ...shop, ...Object.fromEntries(policies) });
    await using editor = await start(folder);
    const uri = folder.uri('policy.yaml');
    await editor.open(uri, policy);
    expect(await editor.hover(uri, 'app: cl|ient')).toContain('Pod shop/client');
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const start = performance.now();
      await editor.replace(uri, 'app: client', 'app: cleint');
      await editor.diagnostic(uri, 'label-near-miss');
      times.push(performance.now() - start);
      await editor.replace(uri, 'app: cleint', 'app: client');
      await editor.diagnostics(uri, (all) => all.every(({ code }) => code !== 'label-near-miss'));
    }
    // Some tens of milliseconds, and others use this machine, too.
    expect(Math.min(...times)).toBeLessThan(500);
  });
});
