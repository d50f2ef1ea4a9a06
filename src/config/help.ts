import { environmentName, type Option } from './options.ts';
import { SWITCH } from './value-types.ts';

const WIDTH = 88;

/** Headings of the help, each with the flags that start so. */
const SECTIONS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  ['Web server', ['web']],
  ['Collectors (all are on unless turned off)', ['collector']],
  ['Scrapes', ['scrape', 'owners', 'close-wait']],
  ['Size of the page', ['limit', 'remote-ip']],
  ['Log', ['log']],
  ['Service', ['service']],
  ['Paths', ['path']],
];

const INTRODUCTION = `Usage: tcpstate-exporter [flags]

Prometheus exporter for TCP sockets by state, local port, remote IP and process, and
for the use of ephemeral ports. It works with no flag at all.

Every setting has an environment variable; the flag wins over it. An empty variable
counts as unset, a comma separates the values of a repeatable one, and that of a
--[no-]flag is true or false.
`;

const ENDING = `Other flags:
  -h, --help
      Print this help and exit.
  --version
      Print the version and exit.
  --self-check
      Collect a few times, print what each collector found and where it disagrees with
      another reader of the sockets (Linux: /proc/net/tcp, Windows: netstat -ano), and
      exit: 0 all is well, 1 something failed or disagrees.
`;

/** The text of `--help`. */
export function formatHelp(options: readonly Option[]): string {
  const sections = SECTIONS.map(([title, prefixes]) => {
    const rows = options.filter(({ flag }) => prefixes.includes(flag.split('.')[0] ?? ''));
    return `${title}:\n${rows.map(formatOption).join('')}`;
  });
  return [INTRODUCTION, ...sections, ENDING].join('\n');
}

function formatOption(option: Option): string {
  const flag = option.type === SWITCH ? `--[no-]${option.flag}` : `--${option.flag}=<${option.type.placeholder}>`;
  const facts = [
    ...(option.count === 'many' ? ['Repeatable.'] : []),
    ...(option.fallback === undefined || option.type === SWITCH ? [] : [`Default: ${option.fallback}`]),
    `[${environmentName(option.flag)}]`,
  ];
  return [`  ${flag}`, ...wrap(option.help, 6), `      ${facts.join(' ')}`, ''].join('\n');
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
