/**
 * Where the program starts. It is written so that any Node since 14 can read it: one that is too old for the rest is told so, at no cost
 * for the others.
 */

/** The name of the script that the program is, beside this file. */
declare const SALLYPORT_SCRIPT: string | undefined;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) await (await program()).main();
else {
  const advice = 'Install a newer one from https://nodejs.org, or run `make setup` in a clone of Sallyport';
  process.stderr.write(`sallyport needs Node 22.18 or newer; this is ${process.version}. ${advice}\n`);
  process.exitCode = 2;
}

/** The program as it was built. Straight from the sources there is no script. */
async function program(): Promise<typeof import('./main.ts')> {
  if (typeof SALLYPORT_SCRIPT === 'undefined') return import('./main.ts');
  const { runScript } = await import('./run-script.ts');
  const path = decodeURIComponent(new URL(SALLYPORT_SCRIPT, import.meta.url).pathname);
  const use = process.argv.slice(2).find((word) => /^[a-z_]+$/.test(word));
  // An agent stays, and what enforces policies runs nothing but what was shipped.
  const script = runScript(path, use === 'agent' ? undefined : use, process.env) as typeof import('./main.ts');
  // The modules beside it, which are loaded later, take what they need from there.
  Object.assign(globalThis, { [Symbol.for('sallyport.program')]: script });
  return script;
}
