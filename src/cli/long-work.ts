/** What the executable runs on; Node has no such thing. */
declare const Bun: { readonly unsafe: { setJITPolicy(scale: number): void } } | undefined;

/**
 * Has code made fast as soon as it runs often. The executable is built to wait twenty times longer (`scripts/executable.ts`), which pays in the
 * tenths of a second that most commands take; over many objects it would cost a seventh.
 */
export function expectLongWork(): void {
  if (typeof Bun !== 'undefined') Bun.unsafe.setJITPolicy(1);
}
