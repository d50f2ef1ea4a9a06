// Writes the manual page to standard output: node --import tsx deploy/linux/man-page.ts <version> <seconds since 1970>
import { fileURLToPath } from 'node:url';
import { DIAGNOSE_OPTIONS } from '../../src/config/diagnose-options.ts';
import { environmentName, type Option } from '../../src/config/options.ts';
import { SWITCH } from '../../src/config/value-types.ts';
import { linuxOptions } from './options.ts';

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
    '.br',
    '.B tcpstate diagnose',
    '.RI [ flags ]',
    '.SH DESCRIPTION',
    paragraph(
      'Serves the TCP sockets of this host to Prometheus: by state, local port, remote IP and owning process, with the use of ephemeral ports, CLOSE_WAIT leaks, accept queues and the limits that govern them. It needs no flag, and runs as any user.',
    ),
    '.PP',
    paragraph(
      'Every flag has an environment variable, named below it; the flag wins. An empty variable counts as unset; commas separate the values of a repeatable one.',
    ),
    '.PP',
    paragraph(
      'With the word diagnose in front of the flags it does not serve, but tells in the terminal what is wrong with the TCP connections of this host, who it is and what to do. tcpstate is another name of the same program.',
    ),
    '.SH OPTIONS',
    ...options.map((option) => formatOption(option)),
    ...OTHER_FLAGS,
    '.SH OPTIONS OF DIAGNOSE',
    paragraph('Besides these, the flags above that concern collecting.'),
    ...Object.values(DIAGNOSE_OPTIONS).map((option) => formatOption(option, false)),
    ...EXAMPLES,
    ...FILES_AND_MORE,
  ].join('\n')}\n`;
}

function formatOption(option: Option, hasEnvironment = true): string {
  const { flag, type, count, fallback, bare, help } = option;
  const facts = [
    ...(count === 'many' ? ['Repeatable.'] : []),
    ...(bare === undefined ? [] : [`Without a value: ${bare}.`]),
    ...(!fallback || (type === SWITCH && !hasEnvironment) ? [] : [`Default: ${fallback}.`]),
    ...(hasEnvironment ? [`Environment: ${environmentName(flag)}`] : []),
  ];
  const lines = facts.length === 0 ? [] : ['.br', paragraph(facts.join(' '))];
  return ['.TP', usageOf(option, hasEnvironment), paragraph(help), ...lines].join('\n');
}

function usageOf({ flag, type, fallback }: Option, hasEnvironment: boolean): string {
  const words = escapeText(flag);
  if (type !== SWITCH) return `.BI \\-\\-${words}= ${escapeText(type.placeholder)}`;
  if (hasEnvironment) return `.B \\-\\-[no\\-]${words}`;
  return fallback === 'true' ? `.B \\-\\-no\\-${words}` : `.B \\-\\-${words}`;
}

const OTHER_FLAGS = [
  ['\\-h, \\-\\-help', 'Print help and exit.'],
  ['\\-\\-version', 'Print the version and exit.'],
  [
    '\\-\\-config.check',
    'Check --config.file and --web.config.file as a start would, and exit: 0 all is right, 2 something is refused.',
  ],
  [
    '\\-\\-self\\-check',
    'Collect a few times, print what each collector found and where it disagrees with /proc/net/tcp, and exit.',
  ],
].map(([flag, help]) => `.TP\n.B ${flag}\n${paragraph(help!)}`);

const EXAMPLES = [
  '.SH EXAMPLES',
  ...[
    ['Does the exporter see what is there?', 'tcpstate-exporter --self-check'],
    ['Listen on one address only:', 'tcpstate-exporter --web.listen-address=127.0.0.1:10048'],
    [
      'Count clients by network instead of by address:',
      'tcpstate-exporter --remote-ip.prefix-v4=24 --remote-ip.prefix-v6=64',
    ],
    ['Do without the names of processes, and so without capabilities:', 'tcpstate-exporter --no-collector.processes'],
    ['How near is the next EADDRNOTAVAIL?', 'curl -s localhost:10048/metrics | grep utilization_ratio'],
    ['What is wrong with the TCP connections of this host?', 'tcpstate diagnose'],
    ['The same, live, until q is pressed:', 'tcpstate diagnose --watch'],
    ['Which ports, addresses and processes have TIME_WAIT?', 'tcpstate diagnose --state=time_wait'],
    ['Who has local port 8080?', 'tcpstate diagnose --port=8080'],
    ['A check for Nagios with a limit of your own:', 'tcpstate diagnose --check --crit=time_wait:50000'],
  ].flatMap(([purpose, command]) => [
    '.PP',
    paragraph(purpose!),
    '.PP',
    '.RS',
    '.EX',
    escapeText(command!),
    '.EE',
    '.RE',
  ]),
];

const FILES_AND_MORE = [
  '.SH EXIT STATUS',
  '.TP',
  '.B 0',
  'It was stopped, or printed what a flag requested.',
  '.TP',
  '.B 1',
  'It failed, for instance because the address to listen on is in use.',
  '.TP',
  '.B 2',
  'It refuses its configuration; standard error says why.',
  '.PP',
  paragraph(
    'Of diagnose: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (something could not be read, or a flag is refused), as Nagios has them; with --port 0 whatever the verdict is.',
  ),
  '.SH FILES',
  '.TP',
  '.I /etc/default/tcpstate\\-exporter',
  'Settings of the service, as environment variables.',
  '.SH PRIVILEGES',
  paragraph(
    'The kernel shows the process of a socket only to a program with both CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH; the service has these and no others. Without them sockets of other users show process="unknown"; nothing else changes. The file without-owners.conf in /usr/share/doc/tcpstate-exporter/examples removes them. With CAP_BPF and CAP_PERFMON, which with-kernel-reader.conf there adds, sockets are read by a program in the kernel (Linux 6.4); both are given up as soon as it is loaded.',
  ),
  '.SH SEE ALSO',
  '.BR ss (8),',
  '.BR prometheus (1),',
  '.BR systemctl (1)',
];

/** One line that roff reads as text, whatever it begins with. */
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
