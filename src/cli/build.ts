import { readFileSync } from 'node:fs';

/** What was built: the package's version, and the commit where it was built from a clone. */
export interface Build {
  readonly version: string;
  readonly commit?: string;
}

declare const SALLYPORT_BUILD: Build | undefined;

/** The build that runs. Straight from the sources there is no bundle, and package.json says the version. */
export function buildOf(): Build {
  if (typeof SALLYPORT_BUILD !== 'undefined') return SALLYPORT_BUILD;
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Build;
  return { version };
}
