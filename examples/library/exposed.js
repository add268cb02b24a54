// Who can be reached from the internet, and by a pod that anybody may start in any namespace: node exposed.js FOLDER
import { globSync, readFileSync } from 'node:fs';
import { analyse, connectivityOf, parseManifests, trafficText } from 'sallyport';

const files = globSync(`${process.argv[2]}/**/*.yaml`).sort();
const cluster = analyse(await parseManifests(Object.fromEntries(files.map((file) => [file, readFileSync(file, 'utf8')]))));

for (const { endpoint, ingress } of connectivityOf(cluster, { exposure: true }).exposure) {
  // Where policies tell addresses apart, `internet` is what all of them may, and `addresses` has those that may more.
  const { internet, anyPod, addresses } = ingress;
  const some = addresses.length > 0 ? ` (${addresses.length} ranges more)` : '';
  console.log(
    `${endpoint.padEnd(34)} internet: ${(trafficText(internet.traffic) + some).padEnd(10)} any pod: ${trafficText(anyPod.traffic)}`,
  );
}
