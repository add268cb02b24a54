import type { LintRule } from './rule.ts';
import { allNamespacesPeer } from './rules/all-namespaces-peer.ts';
import { allowAllOverridesDeny } from './rules/allow-all-overrides-deny.ts';
import { andOrDash } from './rules/and-or-dash.ts';
import { apiserverEgressBlocked } from './rules/apiserver-egress-blocked.ts';
import { cniNoPolicy } from './rules/cni-no-policy.ts';
import { defaultDenyMissingEgress } from './rules/default-deny-missing-egress.ts';
import { dnsBlocked } from './rules/dns-blocked.ts';
import { dnsNodelocal } from './rules/dns-nodelocal.ts';
import { dnsUdpOnly } from './rules/dns-udp-only.ts';
import { dualstackAsymmetry } from './rules/dualstack-asymmetry.ts';
import { duplicatePolicy } from './rules/duplicate-policy.ts';
import { emptyFromMeansAll } from './rules/empty-from-means-all.ts';
import { exceptCoversAll } from './rules/except-covers-all.ts';
import { hostnetworkSelected } from './rules/hostnetwork-selected.ts';
import { ingressBackendBlocked } from './rules/ingress-backend-blocked.ts';
import { ipblockClusterip } from './rules/ipblock-clusterip.ts';
import { ipblockNodeApiserver } from './rules/ipblock-node-apiserver.ts';
import { ipblockPodcidr } from './rules/ipblock-podcidr.ts';
import { labelNearMiss } from './rules/label-near-miss.ts';
import { mergeablePolicies } from './rules/mergeable-policies.ts';
import { metadataReachable } from './rules/metadata-reachable.ts';
import { metricsBlocked } from './rules/metrics-blocked.ts';
import { missingDoc } from './rules/missing-doc.ts';
import { namedPortAmbiguous } from './rules/named-port-ambiguous.ts';
import { namedPortMissing } from './rules/named-port-missing.ts';
import { namedPortWithIpblock } from './rules/named-port-with-ipblock.ts';
import { namespaceMissing } from './rules/namespace-missing.ts';
import { noCommonPort } from './rules/no-common-port.ts';
import { nsLabelNameMissing } from './rules/ns-label-name-missing.ts';
import { nsSelectorNoMatch } from './rules/ns-selector-no-match.ts';
import { nsWithoutDefaultDeny } from './rules/ns-without-default-deny.ts';
import { oneSidedAllow } from './rules/one-sided-allow.ts';
import { peerNoMatch } from './rules/peer-no-match.ts';
import { podSelectorNoMatch } from './rules/pod-selector-no-match.ts';
import { podUnprotected } from './rules/pod-unprotected.ts';
import { policytypeUnused } from './rules/policytype-unused.ts';
import { policytypesOmitted } from './rules/policytypes-omitted.ts';
import { portNotExposed } from './rules/port-not-exposed.ts';
import { portsSeparateRule } from './rules/ports-separate-rule.ts';
import { privateRangeHole } from './rules/private-range-hole.ts';
import { protocolDefaultTcp } from './rules/protocol-default-tcp.ts';
import { redundantPeer } from './rules/redundant-peer.ts';
import { redundantPolicy } from './rules/redundant-policy.ts';
import { redundantPort } from './rules/redundant-port.ts';
import { redundantRule } from './rules/redundant-rule.ts';
import { selectsOwnerLabels } from './rules/selects-owner-labels.ts';
import { serviceLabelsAsPodLabels } from './rules/service-labels-as-pod-labels.ts';
import { servicePortNotTarget } from './rules/service-port-not-target.ts';
import { staleIp } from './rules/stale-ip.ts';
import { tenantControlledLabel } from './rules/tenant-controlled-label.ts';
import { tierOverriddenAllow } from './rules/tier-overridden-allow.ts';
import { tierPriorityTie } from './rules/tier-priority-tie.ts';
import { tierUnreachableRule } from './rules/tier-unreachable-rule.ts';
import { unstableLabel } from './rules/unstable-label.ts';
import { vacuousPolicy } from './rules/vacuous-policy.ts';
import { webhookIngressBlocked } from './rules/webhook-ingress-blocked.ts';
import { worldOpen } from './rules/world-open.ts';

/** Every rule that looks at a whole input. What the door finds by itself stands in `reader-findings.ts`. */
export const rules: readonly LintRule[] = [
  allNamespacesPeer,
  allowAllOverridesDeny,
  andOrDash,
  apiserverEgressBlocked,
  cniNoPolicy,
  defaultDenyMissingEgress,
  dnsBlocked,
  dnsNodelocal,
  dnsUdpOnly,
  dualstackAsymmetry,
  duplicatePolicy,
  emptyFromMeansAll,
  exceptCoversAll,
  hostnetworkSelected,
  ingressBackendBlocked,
  ipblockClusterip,
  ipblockNodeApiserver,
  ipblockPodcidr,
  labelNearMiss,
  mergeablePolicies,
  metadataReachable,
  metricsBlocked,
  missingDoc,
  namedPortAmbiguous,
  namedPortMissing,
  namedPortWithIpblock,
  namespaceMissing,
  noCommonPort,
  nsLabelNameMissing,
  nsSelectorNoMatch,
  nsWithoutDefaultDeny,
  oneSidedAllow,
  peerNoMatch,
  podSelectorNoMatch,
  podUnprotected,
  policytypeUnused,
  policytypesOmitted,
  portNotExposed,
  portsSeparateRule,
  privateRangeHole,
  protocolDefaultTcp,
  redundantPeer,
  redundantPolicy,
  redundantPort,
  redundantRule,
  selectsOwnerLabels,
  serviceLabelsAsPodLabels,
  servicePortNotTarget,
  staleIp,
  tenantControlledLabel,
  tierOverriddenAllow,
  tierPriorityTie,
  tierUnreachableRule,
  unstableLabel,
  vacuousPolicy,
  webhookIngressBlocked,
  worldOpen,
];
