/** Writes the reference of the library from what its code says: `node scripts/reference.ts [directory]`, docs/reference unless given. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const toolchain = fileURLToPath(new URL('../toolchain/docs/', import.meta.url));
const directory = resolve(process.argv[2] ?? fileURLToPath(new URL('../docs/reference', import.meta.url)));

const words = ['node_modules/typedoc/bin/typedoc', '--logLevel', 'Warn', '--out', directory];
process.exitCode = spawnSync(process.execPath, words, { cwd: toolchain, stdio: 'inherit' }).status ?? 1;
