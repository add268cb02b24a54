import type { Choices } from '../api/choices.ts';
import { namespaceNameLabel } from '../api/namespace.ts';
import type { Namespace, Pod } from '../api/types.ts';
import { type Labels, labelsKey, matches, type Selector } from '../label/selector.ts';
import { SelectorIndex } from '../label/selector-index.ts';
import type { CompiledPolicy, PodClass, PodSet } from './model.ts';

/** A class while the model owns it. */
export interface MutableClass extends PodClass {
  readonly members: Map<string, Pod>;
  readonly sets: Set<MutableSet>;
}

/** A set while the model owns it. */
export interface MutableSet extends PodSet {
  readonly scope: Place;
  readonly selector: Selector;
  readonly classes: Set<MutableClass>;
  readonly subjectOf: Set<CompiledPolicy>;
  references: number;
}

/** Where a selection looks for pods: one namespace, or all that a selector matches; cluster-wide policies never mean hostNetwork pods. */
export type Scope = { readonly namespace: string } | { readonly namespaces: Selector; readonly isClusterWide?: true };

/** Where a set looks for pods, with the sets that look there. */
interface Place {
  readonly key: string;
  readonly isMember: (namespace: string, labels: Labels) => boolean;
  readonly holdsHostNetwork: boolean;
  readonly namespaces: Set<string>;
  readonly index: SelectorIndex<MutableSet>;
  sets: number;
}

/** Told of every class that joins or leaves a set. */
export type MembershipListener = (set: MutableSet, podClass: MutableClass) => void;

/**
 * All pod sets that some rule or subject refers to, kept current as classes and namespaces come, change and go.
 * A new class is tried only against the selectors of scopes that hold its namespace, and there only against those that an equality doesn't rule out.
 */
export class PodSets {
  readonly #sets = new Map<string, MutableSet>();
  readonly #scopes = new Map<string, Place>();
  readonly #namespaceLabels = new Map<string, Labels>();
  readonly #classes = new Map<string, Set<MutableClass>>();
  readonly #choices: Choices;
  readonly #onMembership: MembershipListener;

  constructor(choices: Choices, onMembership: MembershipListener) {
    this.#choices = choices;
    this.#onMembership = onMembership;
  }

  /** The set of a selection, made when it is new; every call is a reference to give back with `release`. */
  retain(scope: Scope, selector: Selector): MutableSet {
    const holdsHostNetwork = !('isClusterWide' in scope && this.#choices.hostnetwork === 'as-pods');
    const scopeKey = 'namespace' in scope ? scope.namespace : `{${scope.namespaces.key}}${holdsHostNetwork ? '' : ' of pod networks'}`;
    const key = `${scopeKey}: ${selector.key}`;
    const set = this.#sets.get(key) ?? this.#create(key, this.#scope(scopeKey, scope, holdsHostNetwork), selector);
    set.references++;
    return set;
  }

  release(set: MutableSet): void {
    if (--set.references > 0) return;
    this.#sets.delete(set.key);
    set.scope.index.delete(set.selector, set);
    if (--set.scope.sets === 0) this.#scopes.delete(set.scope.key);
    for (const podClass of set.classes) this.#leave(set, podClass);
  }

  addClass(podClass: MutableClass): void {
    const { namespace } = podClass;
    let classes = this.#classes.get(namespace);
    if (classes === undefined) {
      classes = new Set();
      this.#classes.set(namespace, classes);
      this.#enroll(namespace);
    }
    classes.add(podClass);
    for (const scope of this.#scopes.values())
      if (scope.namespaces.has(namespace)) for (const set of scope.index.match(podClass.labels)) this.#join(set, podClass);
  }

  deleteClass(podClass: MutableClass): void {
    for (const set of podClass.sets) this.#leave(set, podClass);
    const classes = this.#classes.get(podClass.namespace);
    classes?.delete(podClass);
    if (classes?.size === 0) {
      this.#classes.delete(podClass.namespace);
      for (const scope of this.#scopes.values()) scope.namespaces.delete(podClass.namespace);
    }
  }

  /** Takes note of a namespace's labels. */
  setNamespace({ name, labels }: Namespace): void {
    const before = this.#namespaceLabels.get(name);
    if (before !== undefined && labelsKey(before) === labelsKey(labels)) return;
    this.#namespaceLabels.set(name, labels);
    const classes = this.#classes.get(name);
    if (classes === undefined) return;
    for (const scope of this.#scopes.values()) this.#reconsider(scope, name, labels, classes);
  }

  #reconsider(scope: Place, name: string, labels: Labels, classes: ReadonlySet<MutableClass>): void {
    const is = scope.isMember(name, labels);
    if (scope.namespaces.has(name) === is) return;
    if (is) scope.namespaces.add(name);
    else scope.namespaces.delete(name);
    for (const podClass of classes)
      for (const set of scope.index.match(podClass.labels)) {
        if (is) this.#join(set, podClass);
        else this.#leave(set, podClass);
      }
  }

  #enroll(namespace: string): void {
    const labels = this.#labelsOf(namespace);
    for (const scope of this.#scopes.values()) if (scope.isMember(namespace, labels)) scope.namespaces.add(namespace);
  }

  #labelsOf(namespace: string): Labels {
    return this.#namespaceLabels.get(namespace) ?? { [namespaceNameLabel]: namespace };
  }

  #scope(key: string, scope: Scope, holdsHostNetwork: boolean): Place {
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const isMember: Place['isMember'] =
      'namespace' in scope ? (name) => name === scope.namespace : (_, labels) => matches(scope.namespaces, labels);
    const namespaces = new Set([...this.#classes.keys()].filter((name) => isMember(name, this.#labelsOf(name))));
    const created: Place = { key, isMember, holdsHostNetwork, namespaces, index: new SelectorIndex(), sets: 0 };
    this.#scopes.set(key, created);
    return created;
  }

  #create(key: string, scope: Place, selector: Selector): MutableSet {
    const set: MutableSet = { key, scope, selector, classes: new Set(), subjectOf: new Set(), references: 0 };
    this.#sets.set(key, set);
    scope.sets++;
    scope.index.add(selector, set);
    for (const namespace of scope.namespaces)
      for (const podClass of this.#classes.get(namespace) ?? []) if (matches(selector, podClass.labels)) this.#join(set, podClass);
    return set;
  }

  #join(set: MutableSet, podClass: MutableClass): void {
    if (podClass.hostNetwork && !set.scope.holdsHostNetwork) return;
    set.classes.add(podClass);
    podClass.sets.add(set);
    this.#onMembership(set, podClass);
  }

  #leave(set: MutableSet, podClass: MutableClass): void {
    set.classes.delete(podClass);
    podClass.sets.delete(set);
    this.#onMembership(set, podClass);
  }
}
