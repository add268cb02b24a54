import { itemsAt, textAt } from '../../api/values.ts';
import type { PodClass } from '../../policy/model.ts';
import { apiServerAt } from '../../verdict/address-space.ts';
import { partyAt, partyOf } from '../../verdict/party.ts';
import { judge } from '../../verdict/verdict.ts';
import { closing, meansAddresses } from '../callers.ts';
import { type LintContext, titleOf } from '../context.ts';
import { memberOf } from '../reach.ts';
import type { LintRule } from '../rule.ts';

/** Where API servers listen, and their Service. */
const ports = [443, 6443, 8443, 16443];

/** Pods whose service account has rights at the API server, which they can't reach. */
export const apiserverEgressBlocked: LintRule = {
  code: 'apiserver-egress-blocked',
  severity: 'warning',
  summary: 'pods whose service account is given rights at the API server may not connect to it',
  *check(context) {
    const accounts = boundAccounts(context);
    if (accounts.size === 0) return;
    for (const podClass of context.analysis.model.classes.values()) {
      const account = accountOf(context, podClass);
      const binding = account === undefined ? undefined : accounts.get(`${podClass.namespace}/${account}`);
      const policy = binding === undefined ? undefined : closing(context, podClass, 'egress');
      if (policy === undefined || mayReachApiServer(context, podClass)) continue;
      const message = `${titleOf(memberOf(podClass))} may not connect to the API server, at which ${binding} gives its service account ${account} rights`;
      yield policy.remark(['spec'], message);
    }
  },
};

/** The service accounts that something is allowed, with the object that does. */
const boundAccounts = ({ originals }: LintContext): ReadonlyMap<string, string> =>
  new Map(
    originals.foreign
      .filter(({ kind }) => kind === 'RoleBinding' || kind === 'ClusterRoleBinding')
      .flatMap(({ kind, namespace, name, value }) =>
        itemsAt(value, 'subjects')
          .filter((subject) => textAt(subject, 'kind') === 'ServiceAccount')
          .map((subject) => [`${textAt(subject, 'namespace') || namespace}/${textAt(subject, 'name')}`, `${kind} ${name}`] as const),
      ),
  );

const accountOf = ({ originals }: LintContext, podClass: PodClass): string | undefined => originals.notesOf(memberOf(podClass))?.account;

function mayReachApiServer({ analysis: { cluster, model } }: LintContext, podClass: PodClass): boolean {
  const found = apiServerAt(cluster);
  if ('error' in found)
    return model
      .policiesOf(podClass, 'egress')
      .flatMap(({ egress = [] }) => egress)
      .some(
        (rule) =>
          meansAddresses(rule) && (rule.ports === undefined || rule.ports.some((match) => match.protocol === 'TCP' && holdsOne(match))),
      );
  const pod = memberOf(podClass);
  return pod.addresses.some((own) =>
    found.addresses.some((address) =>
      ports.some(
        (port) => judge(model, { from: partyOf(model, pod, own), to: partyAt(model, address), protocol: 'TCP', port }).egress.allowed,
      ),
    ),
  );
}

const holdsOne = (match: { readonly kind: string; readonly first?: number; readonly last?: number }): boolean =>
  match.kind !== 'range' || ports.some((port) => match.first! <= port && port <= match.last!);
