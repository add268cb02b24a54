/**
 * Who can reach whom in a Kubernetes cluster, and why, from the manifests alone: the analyser of `sallyport` for other programs. It runs in
 * Node and in a browser, imports nothing, and reads no file: give it texts.
 *
 * ```js
 * import { analyse, checkConnection, parseManifests } from 'sallyport';
 *
 * const cluster = analyse(await parseManifests({ 'shop.yaml': text }));
 * const answer = checkConnection(cluster, { from: 'shop/client', to: 'shop/deployment/web', port: 8080 });
 * ```
 *
 * Faults of the input are values (`diagnostics`, `{ error }`); only {@link analyse} throws, when it is given manifests with errors. Answers are
 * plain values, and the same that the command line prints as JSON: `sallyport/schema/*.json` describes them.
 *
 * @module sallyport
 */

export type { Advice, SideEffect, TriedAdvice } from '#core/advise/advise.ts';
export type { Edit } from '#core/advise/edit.ts';
export type { ChoiceName, Choices } from '#core/api/choices.ts';
export type { Diagnostic, DiagnosticCode, FieldErrorType, Source } from '#core/api/diagnostic.ts';
export type { Profile, ProfileName } from '#core/api/profiles.ts';
export type { Direction, KubernetesObject, ObjectId, PolicyId } from '#core/api/types.ts';
export type { ClusterChange } from '#core/cluster/cluster.ts';
export type { ObjectChange } from '#core/cluster/object-changes.ts';
export type { ConnectionAnswer, TrafficAnswer } from '#core/connectivity/answers.ts';
export type { Cause } from '#core/connectivity/cause.ts';
export { type Connectivity, connectivityOf, type MatrixOptions } from '#core/connectivity/connectivity.ts';
export type {
  ChangedAnswer,
  Difference,
  DifferenceEndpoint,
  DifferenceOptions,
  Explanation,
  FullDifference,
  MemberChange,
  OneSidedAnswer,
} from '#core/connectivity/difference.ts';
export { differenceBetween } from '#core/connectivity/difference-between.ts';
export type { MatrixEndpoint } from '#core/connectivity/endpoints.ts';
export type { Exposed, ExposedTo, ExposedToEndpoint, ExposureAnswer } from '#core/connectivity/exposure.ts';
export { WhatIf } from '#core/connectivity/what-if.ts';
export type { Witness } from '#core/connectivity/witness.ts';
export type { Family } from '#core/net/ip.ts';
export type { Traffic } from '#core/net/port-set.ts';
export type { Protocol } from '#core/net/protocol.ts';
export type { Compared } from '#core/render/difference-markdown.ts';
export { parseTraffic, trafficText } from '#core/render/traffic.ts';
export type { Analysis } from '#core/verdict/analysis.ts';
export type { CheckAnswer, GateAnswer, ResultAnswer, RuleAnswer } from '#core/verdict/answer.ts';
export type { Opinion } from '#core/verdict/certainty.ts';
export type { Flow } from '#core/verdict/check.ts';
export type { EndpointIdentity } from '#core/verdict/endpoint.ts';
export type { Reason } from '#core/verdict/gate.ts';
export type { ServiceNote } from '#core/verdict/service-notes.ts';
export type { Unanswerable } from '#core/verdict/unanswerable.ts';
export type { Manifests } from '#manifest/collect.ts';
export { adviseOn, checkConnection } from './ask.ts';
export {
  type AnalyseOptions,
  analyse,
  changesOfApply,
  ManifestError,
  type ParseOptions,
  type PluginOptions,
  parseManifests,
} from './manifests.ts';
export { choices, profiles } from './plugins.ts';
export {
  checkText,
  type DifferenceFormat,
  diagnosticText,
  differenceLines,
  type MatrixFormat,
  type MatrixTextOptions,
  matrixLines,
} from './text.ts';
