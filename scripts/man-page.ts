// Writes the manual page to standard output: node --import tsx scripts/man-page.ts <version> <seconds since 1970>
import { fileURLToPath } from 'node:url';
import { linuxOptions } from '../deploy/linux/options.ts';
import { environmentName, type Option } from '../src/config/options.ts';
import { SWITCH } from '../src/config/value-types.ts';

/** The page in the language of man(7), from the same table that reads the command line. */
export function formatManPage(options: readonly Option[], version: string, date: Date): string {
  const day = date.toISOString().slice(0, 10);
  return `${[
    `.TH TCPSTATE\\-EXPORTER 8 "${day}" "tcpstate\\-exporter ${escapeText(version)}" "System Manager's Manual"`,
    '.SH NAME',
    'tcpstate\\-exporter \\- Prometheus exporter for TCP sockets and ephemeral ports',
    '.SH SYNOPSIS',
    '.B tcpstate\\-exporter',
    '.RI [ flags ]',
    '.SH DESCRIPTION',
    paragraph(
      'Serves, for Prometheus, the TCP sockets of this host by state, local port, remote IP and owning process, how full the range of ephemeral ports is, CLOSE_WAIT leaks, accept queues and the limits that govern them. It works with no flag at all and as any user.',
    ),
    '.PP',
    paragraph(
      'Every flag has an environment variable, named behind it; the flag wins. An empty variable counts as unset, and a comma separates the values of a repeatable one.',
    ),
    '.SH OPTIONS',
    ...options.map(formatOption),
    ...OTHER_FLAGS,
    ...FILES_AND_MORE,
  ].join('\n')}\n`;
}

function formatOption({ flag, type, count, fallback, help }: Option): string {
  const facts = [
    ...(count === 'many' ? ['Repeatable.'] : []),
    ...(fallback === undefined ? [] : [`Default: ${fallback}.`]),
    `Environment: ${environmentName(flag)}`,
  ];
  const words = escapeText(flag);
  const usage = type === SWITCH ? `.B \\-\\-[no\\-]${words}` : `.BI \\-\\-${words}= ${escapeText(type.placeholder)}`;
  return ['.TP', usage, paragraph(help), '.br', paragraph(facts.join(' '))].join('\n');
}

const OTHER_FLAGS = [
  ['\\-h, \\-\\-help', 'Print a help and exit.'],
  ['\\-\\-version', 'Print the version and exit.'],
  [
    '\\-\\-self\\-check',
    'Collect a few times, print what each collector found and where it disagrees with /proc/net/tcp, and exit.',
  ],
].map(([flag, help]) => `.TP\n.B ${flag}\n${paragraph(help!)}`);

const FILES_AND_MORE = [
  '.SH EXIT STATUS',
  '.TP',
  '.B 0',
  'It was told to stop, or printed what it was asked for.',
  '.TP',
  '.B 1',
  'It failed, for instance because the address to listen on is in use.',
  '.TP',
  '.B 2',
  'It refuses its configuration; standard error says why.',
  '.SH FILES',
  '.TP',
  '.I /etc/default/tcpstate\\-exporter',
  'Settings of the service, as environment variables.',
  '.SH PRIVILEGES',
  paragraph(
    'Which process owns a socket is told to those who have CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, both; the service has these and no others. Without them sockets of other users show process="unknown", and everything else stays as it is. The file without-owners.conf in /usr/share/doc/tcpstate-exporter/examples takes them away.',
  ),
  '.SH SEE ALSO',
  '.BR ss (8),',
  '.BR prometheus (1),',
  '.BR systemctl (1)',
];

/** One line of text that roff takes for text, whatever it begins with. */
function paragraph(text: string): string {
  return escapeText(text).replace(/^([.'])/, '\\&$1');
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [version = '', seconds = ''] = process.argv.slice(2);
  process.stdout.write(formatManPage(linuxOptions(), version, new Date(Number(seconds) * 1000)));
}
