/** What an element is made of: its attributes (`class`, `aria-label`; true is an empty one) and what is heard when it is clicked. */
export interface Attributes {
  readonly [name: string]: string | true | undefined | (() => void);
}

/** Makes an element. Texts become text, never markup. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string | undefined)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (value !== undefined) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The element of that id, which the page's text has. */
export function found<Type extends Element>(id: string, type: new () => Type): Type {
  const known = document.getElementById(id);
  if (!(known instanceof type)) throw new Error(`the page has no ${id}`);
  return known;
}
