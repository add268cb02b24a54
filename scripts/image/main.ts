/**
 * `node scripts/image/main.ts` writes the container image of this clone to build/image; see deploy/README.md. With `--root FOLDER` it writes what is in
 * the image as a tree of files, for a Dockerfile. IMAGE is the name without a tag.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildImage, writeRoot } from './image.ts';

const { values } = parseArgs({ options: { root: { type: 'string' } } });
if (values.root !== undefined) writeRoot(values.root);
else {
  const folder = join(fileURLToPath(new URL('../..', import.meta.url)), 'build/image');
  const { archive, name, bill, size } = buildImage(folder, process.env.IMAGE || undefined);
  console.log(`image: ${name}, ${(size / 2 ** 20).toFixed(0)} MiB compressed: ${archive}`);
  console.log(`image: what is in it: ${bill}`);
}
