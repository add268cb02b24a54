declare const SALLYPORT_PAGE: string | undefined;

/** The text of the page. Straight from the sources there is no bundle, and it is made now. */
export async function pageText(): Promise<string> {
  if (typeof SALLYPORT_PAGE !== 'undefined') return SALLYPORT_PAGE;
  const { buildPage } = (await import(new URL('../../scripts/page.ts', import.meta.url).href)) as { buildPage: () => Promise<string> };
  return buildPage();
}
