/**
 * Where the program starts. It imports nothing, and is written so that any Node since 14 can read it: one that is too old for the
 * rest is told so, at no cost for the others.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) await import('./main.ts');
else {
  const advice = 'Install a newer one from https://nodejs.org, or run `make setup` in a clone of Sallyport';
  process.stderr.write(`sallyport needs Node 22.18 or newer; this is ${process.version}. ${advice}\n`);
  process.exitCode = 2;
}
