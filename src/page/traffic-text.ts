import { intersectTraffic, isEmptyTraffic, noTraffic, type Traffic, uniteTraffic } from '#core/net/port-set.ts';
import { protocols } from '#core/net/protocol.ts';
import { parseTraffic, setText, trafficOfProtocol } from '#core/render/traffic.ts';

/** What a person asks about by a port and a protocol: the traffic, and in words why it is not what is written, where it is not. */
export interface Wanted {
  readonly traffic: Traffic;
  readonly fault?: string;
}

/**
 * The traffic of ports and a protocol as a person writes them, empty for all, of what the page is about. Where ports say nothing, or
 * nothing that is there, they do not count.
 */
export function trafficWanted(ports: string, protocol: string, about: Traffic): Wanted {
  const named = protocols.find((each) => each === protocol);
  const ofProtocol = named === undefined ? about : intersectTraffic(about, trafficOfProtocol(named));
  const without = (fault: string, traffic = ofProtocol): Wanted => ({ traffic, fault: `${fault} Shown is ${shownText(traffic)}.` });
  if (isEmptyTraffic(ofProtocol)) return without(`This page knows nothing of ${protocol}.`, about);
  const words = ports.trim() === '' ? [] : wordsOf(ports);
  const read = words.map(({ text, meant }) => ({ text, traffic: trafficOfWord(meant) }));
  const wrong = read.find(({ traffic }) => traffic === undefined);
  if (wrong !== undefined) return without(`“${wrong.text}” is no port: write 443, 80-90, TCP/443 or several.`);
  if (words.length === 0) return { traffic: ofProtocol };
  const asked = read.map(({ traffic }) => traffic!).reduce(uniteTraffic, noTraffic);
  const traffic = intersectTraffic(asked, ofProtocol);
  if (!isEmptyTraffic(traffic)) return { traffic };
  const isKnown = !isEmptyTraffic(intersectTraffic(asked, about));
  return without(isKnown ? `“${ports.trim()}” is not ${protocol}.` : `This page knows nothing of “${ports.trim()}”.`);
}

const shownText = (traffic: Traffic): string => {
  const text = setText(traffic);
  return text === 'all' ? 'all traffic' : text;
};

interface Word {
  readonly text: string;
  /** With the protocol that an item before it has: answers write `TCP/80,443`. */
  readonly meant: string;
}

function wordsOf(text: string): Word[] {
  const tight = text.trim().replaceAll(/\s*([-/])\s*/g, '$1');
  return tight.split(/\s+/).flatMap((part) => {
    let protocol = '';
    return part.split(',').flatMap((item): Word[] => {
      if (item === '') return [];
      protocol = /^([a-z]+\/)\d/i.exec(item)?.[1] ?? protocol;
      return [{ text: item, meant: /^\d[\d-]*$/.test(item) ? protocol + item : item }];
    });
  });
}

/** `443`, `80-90`, `TCP/443`, `443/tcp` or `TCP`. */
function trafficOfWord(word: string): Traffic | undefined {
  const whole = protocols.find((each) => each === word.toUpperCase());
  return whole === undefined ? parseTraffic(word.replace(/^([\d-]+)\/([a-z]+)$/i, '$2/$1')) : trafficOfProtocol(whole);
}
