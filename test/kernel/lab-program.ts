/** A lab in namespaces of its own, for lab-enter.test.ts: `up NAME [background]`, `exec NAME PLACE COMMAND...`, `probe NAME FROM TO`, `down NAME`, `list`. */
import { defaultChoices } from '#core/api/choices.ts';
import { askLab, logPath, runningLabs, serveControl, socketPath } from '#lab/control.ts';
import { type Inside, runInOwnNamespaces } from '#lab/enter.ts';
import { endLab, execInLab } from '#lab/exec.ts';
import { Lab } from '#lab/lab.ts';
import { runtimeDirectory } from '#lab/runtime-directory.ts';
import { Session } from '#lab/session.ts';
import { denyIngress, pod } from './lab-objects.ts';

const [command, name = 'lab', ...words] = process.argv.slice(2);
const directory = runtimeDirectory();

try {
  process.exitCode = await run();
} catch (error) {
  console.error((error as Error).message);
  process.exit(2);
}

async function run(): Promise<number> {
  switch (command) {
    case 'up': {
      const background = words.includes('background') ? { background: logPath(directory, name) } : {};
      const entered = await runInOwnNamespaces(background);
      return entered.inside ? stayUp(entered) : entered.exitCode;
    }
    case 'exec':
      return execInLab(directory, name, words[0]!, words.slice(1));
    case 'probe':
      console.log(
        JSON.stringify(await askLab(directory, name, { request: 'probe', flow: { from: words[0]!, to: words[1]!, port: 8080 } })),
      );
      return 0;
    case 'down':
      await endLab(directory, name);
      return 0;
    default:
      console.log((await runningLabs(directory)).join(' '));
      return 0;
  }
}

async function stayUp({ pid = 0, onStop, detach }: Inside): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  onStop(() => resolve(130));
  // The name is claimed first: a second lab of that name fails before it costs anything.
  const started = Promise.withResolvers<Session>();
  const control = await serveControl(socketPath(directory, name), {
    about: () => ({ name, pid }),
    probe: async ({ flow }) => (await started.promise).probe(flow),
    enter: async ({ place }) => ({ pid, descriptor: (await started.promise).lab.namespaceOf(place) }),
    down: () => {
      setImmediate(() => resolve(0));
      return { pid };
    },
  });
  const lab = await Lab.create([pod(1), pod(2), denyIngress('p2')]);
  const session = new Session(lab, { choices: defaultChoices });
  await session.begin();
  started.resolve(session);
  console.log(`up ${pid}`);
  if (words.includes('background')) detach();
  const exitCode = await promise;
  control.close();
  await lab.close();
  // Children of commands that were run here may still be about: they end with this process.
  process.exit(exitCode);
}
