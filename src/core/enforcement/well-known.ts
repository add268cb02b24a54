/*
 * How the agents of a cluster are found: the manifests that install them say the same.
 */

/** The port on which an agent answers unless told otherwise. */
export const agentPort = 9470;
/** What the container of an agent's pod calls that port: where it is another, this says which. */
export const agentPortName = 'status';
/** The labels that the pods of agents have. */
export const agentLabels = { 'app.kubernetes.io/name': 'sallyport', 'app.kubernetes.io/component': 'agent' } as const;
/** The same as a selector of the API. */
export const agentSelector = Object.entries(agentLabels)
  .map(([key, value]) => `${key}=${value}`)
  .join();
