// Who can be reached from the internet, and by a pod that anybody may start in any namespace: node exposed.js FOLDER
import { globSync, readFileSync } from 'node:fs';
import { analyse, connectivityOf, parseManifests, trafficText } from 'sallyport';

const files = globSync(`${process.argv[2]}/**/*.yaml`).sort();
const cluster = analyse(await parseManifests(Object.fromEntries(files.map((file) => [file, readFileSync(file, 'utf8')]))));

for (const { endpoint, ingress } of connectivityOf(cluster, { exposure: true }).exposure) {
  // Where policies tell addresses apart, `internetPartial` is what at least one of them may.
  const internet = trafficText(ingress.internetPartial ?? ingress.internet);
  const anyPod = trafficText(ingress.anyPod);
  console.log(`${endpoint.padEnd(34)} internet: ${internet.padEnd(10)} any pod: ${anyPod}`);
}
