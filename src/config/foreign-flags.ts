/** Flags of node_exporter and windows_exporter, current and former, that people paste → what to use here. */
const ADVICE: Readonly<Record<string, string>> = {
  'path.rootfs': 'use --path.procfs=<root>/proc and --path.sysfs=<root>/sys',
  'path.udev.data': 'leave it out: the exporter reads nothing there',
  'path.selinux': 'leave it out: the exporter reads nothing there',
  'runtime.gomaxprocs':
    'leave it out: at most two threads are busy; limit them by CPUQuota= of systemd or a limit of the container',
  'collectors.enabled': 'use --collector.disable-defaults and --collector.<name> for each',
  'collectors.print': 'see --help, which lists them',
  'collector.tcp': 'use --collector.sockets and --collector.counters',
  'collector.tcpstat': 'use --collector.sockets',
  'collector.netstat': 'use --collector.counters',
  'collector.sockstat': 'use --collector.memory',
  'collector.process': 'use --collector.processes',
  'web.config': 'use --web.config.file',
  'telemetry.addr': 'use --web.listen-address',
  'telemetry.path': 'use --web.telemetry-path',
  'process.priority': 'leave it out: set the priority where you start the program',
  'process.memory-limit': 'leave it out: limit the memory where you start the program',
  'debug.enabled': 'leave it out: there are no pages for debugging',
};

/** What to use instead of a flag of another exporter; undefined = no known exporter has it. */
export function adviseForeignFlag(name: string): string | undefined {
  const plain = name.replace(/^no-/, '');
  if (!Object.hasOwn(ADVICE, plain)) return undefined;
  return name === plain ? ADVICE[plain] : ADVICE[plain]?.replaceAll('--collector.', '--no-collector.');
}
