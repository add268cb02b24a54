import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { matrixHtml } from '#core/render/matrix-html.ts';
import type { Answer, Breakdown } from '#core/render/matrix-view.ts';
import { buildPage } from '../../scripts/page.ts';

const program = '/usr/bin/chromium';

/** Why no browser runs here; undefined where one does. */
export const cannotBrowse = existsSync(program) ? undefined : 'no Chromium';

/** A real browser with pages that were written for it, gone with the scope that made it. */
export class TestBrowser implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-page-'));
  readonly #browser: Browser;
  readonly #template: string;
  #pages = 0;

  private constructor(browser: Browser, template: string) {
    this.#browser = browser;
    this.#template = template;
  }

  static async start(): Promise<TestBrowser> {
    // Nothing that a browser does by itself: it is to show files, and whatever it asks a network for is a fault.
    const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
    const browser = await chromium.launch({ executablePath: program, args: [...args, '--disable-component-update', '--disable-sync'] });
    return new TestBrowser(browser, await buildPage());
  }

  /** Writes the page of a matrix; its address. */
  write(connectivity: Answer, by?: Breakdown, words = ''): string {
    const view = { shown: connectivity, whole: () => connectivity, everyone: connectivity.endpoints, denied: true, by };
    const file = join(this.#folder, `page-${this.#pages++}.html`);
    writeFileSync(file, [...matrixHtml(view, this.#template, { words, traffic: 'all' })].join('\n'));
    return pathToFileURL(file).href;
  }

  /** Opens an address. Faults are what the console and the network saw that they should not. */
  async open(address: string, options: { colorScheme?: 'light' | 'dark' } = {}): Promise<OpenPage> {
    const opened = await this.#newPage(options);
    opened.page.on('request', (request) => {
      if (request.url().replace(/#.*/, '') !== address.replace(/#.*/, '')) opened.faults.push(`request: ${request.url()}`);
    });
    await opened.page.goto(address);
    return opened;
  }

  /** Opens the page `index.html` of a site that has these files, whose texts are given, and nothing else; there is no network behind it. */
  async openSite(files: Readonly<Record<string, string>>): Promise<OpenPage> {
    const opened = await this.#newPage();
    await opened.page.route('**', async (route) => {
      const name = new URL(route.request().url()).pathname.slice(1);
      const body = files[name];
      if (body === undefined) opened.faults.push(`request: ${route.request().url()}`);
      const contentType = name.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
      await (body === undefined ? route.abort() : route.fulfill({ body, contentType }));
    });
    await opened.page.goto('http://site.test/index.html');
    return opened;
  }

  async #newPage(options: { colorScheme?: 'light' | 'dark' } = {}): Promise<OpenPage & { readonly faults: string[] }> {
    const page = await this.#browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
    const faults: string[] = [];
    page.on('console', (message) => faults.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    return { page, faults };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    rmSync(this.#folder, { recursive: true });
  }
}

/** A page with what went wrong on it. */
export interface OpenPage {
  readonly page: Page;
  readonly faults: readonly string[];
}
