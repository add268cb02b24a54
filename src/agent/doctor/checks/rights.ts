import { type Opinion, problem } from '#core/enforcement/examination.ts';
import { Conntrack } from '#dataplane/conntrack.ts';
import { MissingNeed } from '#dataplane/need.ts';
import type { Check } from '../check.ts';
import type { Machine } from '../machine.ts';

/** Whether this program may talk with the kernel at all. */
export const rights: Check = {
  name: 'rights',
  async examine(machine): Promise<Opinion> {
    const user = process.getuid?.() === 0 ? 'root' : `user ${process.getuid?.()}`;
    try {
      await machine.nft(['list', 'tables']);
    } catch (error) {
      if (!(error instanceof MissingNeed) || error.need !== 'root') throw error;
      return { summary: `${user}, without CAP_NET_ADMIN`, hindrances: [problem('the kernel lets nobody else look at its rules', asRoot)] };
    }
    try {
      await askConntrack(machine);
    } catch (error) {
      if (!(error instanceof MissingNeed)) throw error;
      const remedy = error.need === 'koffi' ? 'what the message says; the image has all that is needed' : asRoot;
      return { summary: user, hindrances: [problem(error.message, remedy)] };
    }
    return { summary: `${user}; nftables and connection tracking answer` };
  },
};

const asRoot = "run it as root: sudo sallyport doctor, or in the agent's pod: kubectl exec … -- sallyport doctor";

/** Reads the connections, which takes koffi and the right to. */
async function askConntrack(machine: Machine): Promise<void> {
  const connections = new Conntrack(machine.namespace);
  try {
    await connections.visit(() => {});
  } finally {
    connections.close();
  }
}
