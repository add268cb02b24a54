import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse, checkConnection, matrixLines, parseManifests } from '#library/index.ts';
import { bundleLibrary } from '../../scripts/library.ts';
import { cannotBrowse, TestBrowser } from './browser.ts';

const recipe = join(import.meta.dirname, '../../examples/recipes/12-by-port');
// An anchor is what our own reader leaves to the YAML library, which must be in the bundle, too.
const anchored = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: &name blog, labels: {team: *name}}\n';
const texts = {
  'anchored.yaml': anchored,
  ...Object.fromEntries(['cluster.yaml', 'policy.yaml'].map((file) => [file, readFileSync(join(recipe, file), 'utf8')])),
};
const flow = { from: 'monitoring/prometheus', to: 'shop/web', port: 8080 };

/** Asks in the page, from the texts in it. */
const page = `<!doctype html><title>library</title><link rel="icon" href="data:,">
<script type="application/json" id="texts">${JSON.stringify(texts)}</script><pre></pre>
<script type="module">
  import { analyse, checkConnection, matrixLines, parseManifests } from './sallyport.js';
  const cluster = analyse(await parseManifests(JSON.parse(document.querySelector('#texts').textContent)));
  const answer = checkConnection(cluster, ${JSON.stringify(flow)});
  document.querySelector('pre').textContent = JSON.stringify({ answer, matrix: [...matrixLines(cluster, 'text')] });
</script>`;

async function bundled(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-library-'));
  try {
    await bundleLibrary(folder);
    return readFileSync(join(folder, 'index.js'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(cannotBrowse !== undefined)(`the library (${cannotBrowse ?? 'in Chromium'})`, () => {
  it('answers in a page what it answers in Node, and asks for nothing else', async () => {
    await using browser = await TestBrowser.start();
    const opened = await browser.openSite({ 'index.html': page, 'sallyport.js': await bundled() });
    await opened.page
      .locator('pre')
      .filter({ hasText: 'matrix' })
      .waitFor({ timeout: 10_000 })
      .catch(() => undefined);
    expect(opened.faults).toEqual([]);
    const cluster = analyse(await parseManifests(texts));
    const here = { answer: checkConnection(cluster, flow), matrix: [...matrixLines(cluster, 'text')] };
    expect(JSON.parse(await opened.page.locator('pre').innerText())).toEqual(here);
    expect(here.answer).toMatchObject({ allowed: false, ingress: { nearMisses: [{ failed: 'peer' }, { failed: 'port' }] } });
  });
});
