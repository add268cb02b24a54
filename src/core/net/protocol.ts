/** The protocols that NetworkPolicy polices. Source: NetworkPolicyPort.protocol in the API reference of networking.k8s.io/v1. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];
