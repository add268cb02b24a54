// What a new version of some policies would open and close: node what-if.js FOLDER POLICIES
import { globSync, readFileSync } from 'node:fs';
import { analyse, diagnosticText, parseManifests, trafficText, WhatIf } from 'sallyport';

const [folder, edit] = process.argv.slice(2);
const read = (files) => Object.fromEntries(files.sort().map((file) => [file, readFileSync(file, 'utf8')]));

const cluster = analyse(parseManifests(read(globSync(`${folder}/**/*.yaml`))));
const { objects, diagnostics } = parseManifests(read([edit]));
for (const diagnostic of diagnostics) console.error(diagnosticText(diagnostic, read([edit])));
if (diagnostics.some(({ severity }) => severity === 'error')) process.exit(2);

// One WhatIf answers many edits, in milliseconds each.
const { added, removed, changed } = new WhatIf(cluster).difference(objects.map((object) => ({ type: 'put', object })));

for (const { from, to, traffic } of added) console.log(`+ ${from} → ${to}  ${trafficText(traffic)}`);
for (const { from, to, traffic } of removed) console.log(`- ${from} → ${to}  ${trafficText(traffic)}`);
for (const { from, to, before, after } of changed) console.log(`~ ${from} → ${to}  ${trafficText(after)}, was ${trafficText(before)}`);
