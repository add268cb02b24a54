/** What a person has chosen to see; it stands in the address, so that a link shows the same. */
export interface ViewState {
  /** The names of groups that are open. */
  readonly open: ReadonlySet<string>;
  /** Texts that rows and columns must have in their names. */
  readonly from: string;
  readonly to: string;
  readonly port: string;
  readonly protocol: string;
  /** The keys of the row and the column that are looked at. */
  readonly cell?: readonly [from: string, to: string] | undefined;
  /** The id of the endpoint that is looked at alone. */
  readonly workload?: string | undefined;
  /** The step of the cells' size; undefined for what fits. */
  readonly zoom?: number | undefined;
}

/** The state as the hash of an address, without what is as at first. */
export function writeHash(state: ViewState, first: ViewState): string {
  const words = new URLSearchParams();
  const open = [...state.open].sort().join(',');
  if (open !== [...first.open].sort().join(',')) words.set('open', open);
  for (const name of ['from', 'to', 'port', 'protocol'] as const) if (state[name] !== '') words.set(name, state[name]);
  if (state.cell !== undefined) for (const key of state.cell) words.append('cell', key);
  if (state.workload !== undefined) words.set('workload', state.workload);
  if (state.zoom !== undefined) words.set('zoom', String(state.zoom));
  return words.toString();
}

/** The state that a hash says. What it does not say is as at first. */
export function readHash(hash: string, first: ViewState): ViewState {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  const open = words.get('open');
  const [from, to] = words.getAll('cell');
  const zoom = words.get('zoom');
  return {
    ...first,
    ...(open !== null && { open: new Set(open.split(',').filter((name) => name !== '')) }),
    from: words.get('from') ?? '',
    to: words.get('to') ?? '',
    port: words.get('port') ?? '',
    protocol: words.get('protocol') ?? '',
    cell: from === undefined || to === undefined ? undefined : [from, to],
    workload: words.get('workload') ?? undefined,
    zoom: zoom !== null && /^\d$/.test(zoom) ? Number(zoom) : undefined,
  };
}
