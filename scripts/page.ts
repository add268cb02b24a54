import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import { contentMark } from '#core/render/matrix-html.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (name: string): string => readFileSync(`${root}src/page/${name}`, 'utf8');

/** The page as one text, without what it shows: style and script are in it, and its policy allows these two and no network at all. */
export async function buildPage(): Promise<string> {
  const bundled = await build({
    absWorkingDir: root,
    entryPoints: ['src/page/main.ts'],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2024',
    logLevel: 'warning',
  });
  const script = bundled.outputFiles[0]!.text.trim().replaceAll('</script', '<\\/script');
  const sheets = ['frame', 'panes', 'workload', 'media'].map((name) => read(`style/${name}.css`));
  const style = (await transform(sheets.join('\n'), { loader: 'css', minify: true })).code.trim();
  const policy = `default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; base-uri 'none'; form-action 'none'`;
  const parts: Record<string, string> = { POLICY: policy, '/*STYLE*/': style, '/*SCRIPT*/': script, '"CONTENT"': contentMark };
  // Not a blank may stand beside them: the hashes are of all that is in the elements.
  return read('page.html')
    .trim()
    .replaceAll(/POLICY|\s*(?:\/\*STYLE\*\/|\/\*SCRIPT\*\/|"CONTENT")\s*/g, (name) => parts[name.trim()]!);
}

/** What a Content-Security-Policy calls a text. */
const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
