/** Imported before a program (`node --import`), it writes the most memory the program ever had, in KiB, to the file that SALLYPORT_MEMORY names. */
import { writeFileSync } from 'node:fs';

const file = process.env.SALLYPORT_MEMORY;
if (file !== undefined) process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS)));
