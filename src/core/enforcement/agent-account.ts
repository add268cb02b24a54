import { type Opinion, problem, warning } from './examination.ts';

/** What the account of agents may not do, and how it is granted. */
export interface Lack {
  readonly account: string;
  /** `list pods in all namespaces`. */
  readonly permissions: readonly string[];
  /** Commands of kubectl. */
  readonly grants: readonly string[];
  /** Without it the agent does not hear of policy; else it only can't tell of it. */
  readonly isVital: boolean;
}

/** Whether the accounts of agents may do what agents do. */
export function agentAccount(accounts: readonly string[], lacks: readonly Lack[]): Opinion {
  const hindrances = lacks.map(({ account, permissions, grants, isVital }) =>
    (isVital ? problem : warning)(
      `the agents' account ${account} may not ${permissions.join(', ')}: ${isVital ? 'an agent goes on with what it knows, or begins with nothing' : 'they write no Events about policies'}`,
      `apply the manifests of this version again, or ${grants.join(' && ')}`,
    ),
  );
  return { summary: `${accounts.join(' and ')} ${lacks.length === 0 ? 'may do what agents do' : 'lacks permissions'}`, hindrances };
}
