import { environmentName, type Option } from './options.ts';
import { SWITCH } from './value-types.ts';

const WIDTH = 88;

/** Headings of the help; each covers the flags that start with its prefix. */
const SECTIONS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ['Web server', ['web']],
  ['Names, thresholds and filters', ['config', 'filter']],
  ['Collectors (on unless their text says otherwise)', ['collector']],
  ['Scrapes', ['scrape', 'owners', 'close-wait']],
  ['Size of the page', ['limit', 'remote-ip']],
  ['Log', ['log']],
  ['Service', ['service']],
  ['Paths', ['path']],
];

const INTRODUCTION = `Usage: tcpstate-exporter [flags]
       tcpstate-exporter diagnose [flags]     (also: tcpstate diagnose)

Prometheus exporter for TCP sockets by state, local port, remote IP and process, and
for the use of ephemeral ports. It works with no flag at all. "diagnose" does not serve:
it tells in the terminal what is wrong with this host; see diagnose --help.

Every setting has an environment variable; the flag wins over it. An empty variable
counts as unset, a comma separates the values of a repeatable one, and that of a
--[no-]flag is true or false.
`;

const ENDING = `Other flags:
  -h, --help
      Print this help and exit.
  --version
      Print the version and exit.
  --config.check
      Check --config.file and --web.config.file as a start would, and exit: 0 all is
      right, 2 something is refused.
  --self-check
      Collect a few times, print what each collector found and where it disagrees with
      another reader of the sockets (Linux: /proc/net/tcp, Windows: netstat -ano), and
      exit: 0 all is well, 1 something failed or disagrees.
`;

const DIAGNOSE_INTRODUCTION = `Usage: tcpstate-exporter diagnose [flags]     (also: tcpstate diagnose)

Tells what is wrong with the TCP connections of this host, who it is, what to do and
what not, and shows the numbers behind it. It needs no running exporter and no
privileges; without them it says what it cannot see.
`;

const DIAGNOSE_ENDING = `Exit status:
  0  OK
  1  WARNING
  2  CRITICAL
  3  UNKNOWN: something could not be read, or a flag is refused
  With --port, 0 whatever the verdict is; with --watch, 0 when it is ended by q.

To see whether the exporter itself reads this host well: tcpstate-exporter --self-check
`;

/** The text of `diagnose --help`: its own flags, then those that it shares with the server. */
export function formatDiagnoseHelp(own: readonly Option[], shared: readonly Option[]): string {
  const sections = [
    ['Flags', own.map((option) => formatOption(option, false))],
    ['Collecting, as for the server', shared.map((option) => formatOption(option))],
  ] as const;
  const texts = sections.map(([title, rows]) => `${title}:\n${rows.join('')}`);
  return [DIAGNOSE_INTRODUCTION, ...texts, DIAGNOSE_ENDING].join('\n');
}

/** The text of `--help`. */
export function formatHelp(options: readonly Option[]): string {
  const sections = SECTIONS.map(([title, prefixes]) => {
    const rows = options.filter(({ flag }) => prefixes.includes(flag.split('.')[0] ?? ''));
    return `${title}:\n${rows.map((option) => formatOption(option)).join('')}`;
  });
  return [INTRODUCTION, ...sections, ENDING].join('\n');
}

function formatOption(option: Option, hasEnvironment = true): string {
  const { bare, fallback } = option;
  const facts = [
    ...(option.count === 'many' ? ['Repeatable.'] : []),
    ...(bare === undefined ? [] : [`Without a value: ${bare}`]),
    ...(isTold(option, hasEnvironment) ? [`Default: ${fallback}`] : []),
    ...(hasEnvironment ? [`[${environmentName(option.flag)}]`] : []),
  ];
  const lines = [`  ${usageOf(option, hasEnvironment)}`, ...wrap(option.help, 6)];
  return [...lines, ...(facts.length > 0 ? [`      ${facts.join(' ')}`] : []), ''].join('\n');
}

/** A switch is off unless its default is told. */
function isTold({ fallback, type }: Option, hasEnvironment: boolean): boolean {
  if (type === SWITCH) return fallback === 'true' && hasEnvironment;
  return fallback !== undefined && fallback !== '';
}

/**
 * How a flag is written on the command line. A switch that is off unless it is given needs no opposite where no environment variable
 * can turn it on.
 */
export function usageOf({ flag, type, bare, fallback }: Option, hasEnvironment: boolean): string {
  if (type !== SWITCH) return `--${flag}${bare === undefined ? `=<${type.placeholder}>` : `[=<${type.placeholder}>]`}`;
  return hasEnvironment ? `--[no-]${flag}` : fallback === 'true' ? `--no-${flag}` : `--${flag}`;
}

function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => ' '.repeat(indent) + each);
}
