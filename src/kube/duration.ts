const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const duration = /^(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)/;

/**
 * The milliseconds that a text means: seconds as a bare number, or numbers with units as in `1m30s`. Undefined when it is neither.
 * Source: ParseTimeout in k8s.io/client-go/tools/clientcmd, time.ParseDuration in Go.
 */
export function parseTimeout(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  let milliseconds = 0;
  for (let rest = text; rest !== ''; ) {
    const [part] = duration.exec(rest) ?? [];
    if (part === undefined) return undefined;
    const unit = /[^\d.]+$/.exec(part)![0];
    milliseconds += Number.parseFloat(part) * units[unit]!;
    rest = rest.slice(part.length);
  }
  return text === '' ? undefined : milliseconds;
}
