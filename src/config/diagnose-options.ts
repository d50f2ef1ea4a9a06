import { FIGURE_NAMES } from '../verdict/figures.ts';
import { FIGURE_LIMITS, PAGE_URL, STATE_NAME, USER_NAME } from './diagnose-values.ts';
import type { Option } from './options.ts';
import { duration, FILE_PATH, oneOf, SWITCH, wholeNumber } from './value-types.ts';

const CHOSEN = `as figure:number with a comma between: ${FIGURE_NAMES.join(', ')}. Ratios are percentages.`;

/** Flags of `diagnose`; no environment variable stands for them. `docs/diagnose.md` has them too. */
export const DIAGNOSE_OPTIONS = {
  watchMs: maybe('watch', duration('500ms', '1h'), '2s', 'Look again and again, until q is pressed.'),
  intervalMs: one(
    'interval',
    duration('0s', '1m'),
    '1s',
    'Time between the two looks that rates need. 0: one look, no rates. Not with --watch, which has its own.',
  ),
  top: maybe(
    'top',
    wholeNumber(1, 1000),
    undefined,
    'Rows of each table: 5, with --by, --state or --port 10, with --json 20.',
  ),
  by: maybe('by', oneOf('port', 'ip', 'process', 'unit'), undefined, 'Show who has the sockets, by one of these.'),
  state: maybe('state', STATE_NAME, undefined, 'Show who has the sockets in this state.'),
  port: maybe('port', wholeNumber(1, 65_535), undefined, 'Show who has this local port.'),
  check: one('check', SWITCH, 'false', 'One line with performance data, for Nagios, Icinga and the like.'),
  json: one('json', SWITCH, 'false', 'One JSON document; with --watch one on each line.'),
  csv: maybe(
    'csv',
    FILE_PATH,
    '-',
    'One row of comma-separated values, appended to the file (-: standard output); with --watch one at each interval. The header comes once.',
  ),
  warn: one('warn', FIGURE_LIMITS, '', `WARNING above these, ${CHOSEN}`),
  crit: one('crit', FIGURE_LIMITS, '', 'CRITICAL above these, given as for --warn.'),
  url: maybe('url', PAGE_URL, undefined, 'Judge the host whose exporter has this page, not this host.'),
  caFile: maybe('ca-file', FILE_PATH, undefined, 'Certificates to trust for --url, PEM, in place of the usual ones.'),
  insecure: one('insecure', SWITCH, 'false', 'Take any certificate for --url.'),
  user: maybe('user', USER_NAME, undefined, 'User name for --url.'),
  passwordFile: maybe('password-file', FILE_PATH, undefined, 'File with the password for --url.'),
  color: one('color', SWITCH, 'true', 'No colours, as without a terminal and with NO_COLOR in the environment.'),
} as const;

function one<Value>(flag: string, type: Option<Value>['type'], fallback: string, help: string): Option<Value, 'one'> {
  return { flag, type, count: 'one', fallback, help };
}

function maybe<Value>(
  flag: string,
  type: Option<Value>['type'],
  bare: string | undefined,
  help: string,
): Option<Value, 'maybe'> {
  return { flag, type, count: 'maybe', fallback: undefined, help, ...(bare !== undefined && { bare }) };
}
