import type { OnForeign, OnObject } from '../api/decode.ts';
import { kindAndName } from '../api/types.ts';
import { itemsAt, textAt, valueAt } from '../api/values.ts';
import { templatePathOf } from '../api/workload.ts';
import { append } from '../connectivity/units.ts';

/** A text in the configuration of a container, and where it stands: `env DATABASE_URL`, `args`. */
export interface Configured {
  readonly where: string;
  readonly text: string;
}

/** A ConfigMap that a container's environment is taken from: whole, or one entry under the name of a variable. */
interface Reference {
  readonly map: string;
  readonly key?: string;
  readonly name?: string;
}

/** What containers are told by their environment and arguments: gathered while objects are decoded. */
export class Mentions {
  readonly #texts = new Map<string, Configured[]>();
  /** The ConfigMaps that containers take their environment from, wherever those are read. */
  readonly #maps = new Map<string, Readonly<Record<string, unknown>>>();
  readonly #references = new Map<string, Reference[]>();

  readonly onObject: OnObject = (object, value) => {
    if (!('count' in object) && object.kind !== 'Pod') return;
    const title = kindAndName(object);
    const template = templatePathOf(object.kind);
    for (const list of ['initContainers', 'containers'])
      for (const container of itemsAt(value, ...template, 'spec', list)) this.#look(title, object.namespace, container);
  };

  readonly onForeign: OnForeign = (value, _, defaultNamespace) => {
    if (textAt(value, 'apiVersion') !== 'v1' || textAt(value, 'kind') !== 'ConfigMap') return;
    const namespace = textAt(value, 'metadata', 'namespace') || defaultNamespace;
    this.#maps.set(
      `${namespace}/${textAt(value, 'metadata', 'name')}`,
      (valueAt(value, 'data') ?? {}) as Readonly<Record<string, unknown>>,
    );
  };

  /** The texts of a workload or Pod, by its title: `Deployment shop/web`. */
  of(title: string): readonly Configured[] {
    const referred = (this.#references.get(title) ?? []).flatMap(({ map, key, name }) =>
      Object.entries(this.#maps.get(map) ?? {})
        .filter(([entry, text]) => typeof text === 'string' && (key === undefined || key === entry))
        .map(([entry, text]) => ({ where: `env ${name ?? entry} of ConfigMap ${map}`, text: text as string })),
    );
    return [...(this.#texts.get(title) ?? []), ...referred];
  }

  #look(title: string, namespace: string, container: unknown): void {
    for (const field of ['command', 'args'])
      for (const text of itemsAt(container, field)) if (typeof text === 'string') append(this.#texts, title, { where: field, text });
    for (const variable of itemsAt(container, 'env')) {
      const name = textAt(variable, 'name');
      const reference = valueAt(variable, 'valueFrom', 'configMapKeyRef');
      if (reference !== undefined)
        append(this.#references, title, { map: `${namespace}/${textAt(reference, 'name')}`, key: textAt(reference, 'key'), name });
      else append(this.#texts, title, { where: `env ${name}`, text: textAt(variable, 'value') });
    }
    for (const source of itemsAt(container, 'envFrom')) {
      const name = textAt(source, 'configMapRef', 'name');
      if (name !== '') append(this.#references, title, { map: `${namespace}/${name}` });
    }
  }
}
