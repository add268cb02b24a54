// What applying a file would open and close: node what-if.js FOLDER FILE
import { globSync, readFileSync } from 'node:fs';
import { analyse, changesOfApply, parseManifests, trafficText, WhatIf } from 'sallyport';

const [folder, edit] = process.argv.slice(2);
const read = (files) => Object.fromEntries(files.sort().map((file) => [file, readFileSync(file, 'utf8')]));

const cluster = analyse(await parseManifests(read(globSync(`${folder}/**/*.yaml`))));
const changes = changesOfApply(cluster, await parseManifests(read([edit])));
// One WhatIf answers many edits, in milliseconds each.
const { added, removed, changed } = new WhatIf(cluster).difference(changes);

for (const { from, to, traffic } of added) console.log(`+ ${from} → ${to}  ${trafficText(traffic)}`);
for (const { from, to, traffic } of removed) console.log(`- ${from} → ${to}  ${trafficText(traffic)}`);
for (const { from, to, before, after } of changed) console.log(`~ ${from} → ${to}  ${trafficText(after)}, was ${trafficText(before)}`);
