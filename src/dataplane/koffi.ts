import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/** The package `koffi`, from where npm has put it. Throws where it is not. The executable has it inside: see `scripts/executable.ts`. */
export const requireKoffi = (): typeof Koffi => createRequire(import.meta.url)('koffi') as typeof Koffi;

/** What a user does about it. */
export const koffiRemedy = 'the optional package `koffi` is needed to call the kernel: run `npm install koffi`';
