/** What the executable runs on; Node has no such thing. */
declare const Bun: { readonly unsafe: { setJITPolicy(scale: number): void } } | undefined;

/** As much as the manifests of some hundred workloads. */
const some = 100_000;

/**
 * Has code made fast sooner where so many bytes of manifests are to be read. The executable is built to wait twenty times as long as usual
 * (`scripts/executable.ts`), which pays for the shortest commands; a matrix of 500 workloads would take a tenth more.
 */
export function expectWork(bytes: number): void {
  if (bytes > some) waitTimes(2);
}

/** Has code made fast as soon as usual: there are many objects to work on. */
export function expectLongWork(): void {
  waitTimes(1);
}

function waitTimes(factor: number): void {
  if (typeof Bun !== 'undefined') Bun.unsafe.setJITPolicy(factor);
}
