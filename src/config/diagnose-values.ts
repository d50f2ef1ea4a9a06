import { KNOWN_STATES, stateLabel, type TcpState } from '../model/tcp-state.ts';
import { type ChosenLimits, FIGURE_NAMES, type FigureName } from '../verdict/figures.ts';
import { findNearestName } from './nearest-name.ts';
import type { ValueType } from './value-types.ts';

const STATES = KNOWN_STATES.map((state) => stateLabel(state));

/** A state as the page writes it; `TIME-WAIT` and `Time_Wait` are the same. */
export const STATE_NAME: ValueType<TcpState> = {
  placeholder: 'state',
  allowed: `one of ${STATES.join(', ')}`,
  parse: (text) => KNOWN_STATES[STATES.indexOf(plain(text))],
  hint: (text) => findNearestName(plain(text), STATES),
};

/** `util:70,queue:80` → `{ util: 70, queue: 80 }`. */
export const FIGURE_LIMITS: ValueType<ChosenLimits> = {
  placeholder: 'figure:number,…',
  allowed: `figures with a number, such as util:70,time_wait:20000; there is ${FIGURE_NAMES.join(', ')}`,
  parse(text) {
    if (text === '') return {};
    const pairs = text.split(',').map((pair) => /^\s*(\w{1,30})\s*[:=]\s*(\d{1,12}(?:\.\d{1,3})?)\s*%?\s*$/.exec(pair));
    const names = pairs.map((pair) => pair?.[1] as FigureName);
    const isKnown = names.every((name) => FIGURE_NAMES.includes(name)) && new Set(names).size === names.length;
    return isKnown ? Object.fromEntries(pairs.map((pair, index) => [names[index]!, Number(pair![2])])) : undefined;
  },
};

/** The page of an exporter: `http://host:10048` means its /metrics. Passwords in the address would show in the list of processes. */
export const PAGE_URL: ValueType<URL> = {
  placeholder: 'url',
  allowed: 'an address such as http://host:10048, without user and password in it (--user, --password-file)',
  parse(text) {
    if (!URL.canParse(text)) return undefined;
    const url = new URL(text);
    if (!['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') return undefined;
    if (url.pathname === '/') url.pathname = '/metrics';
    return url;
  },
};

/** Basic authentication ends the name at the first colon (RFC 7617). */
export const USER_NAME: ValueType<string> = {
  placeholder: 'name',
  allowed: 'a name without a colon',
  parse: (text) => (/^[^:\p{Cc}]{1,256}$/u.test(text) ? text : undefined),
};

function plain(text: string): string {
  return text.toLowerCase().replaceAll('-', '_');
}
