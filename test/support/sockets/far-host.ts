import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Serves a port: answers every connection by closing it after its peer has, so that the peer is left in TIME_WAIT. */
const SERVER = `
require('node:fs').writeFileSync('/proc/sys/net/ipv4/tcp_timestamps', process.argv[1]);
process.stdin.once('data', () => {
  require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {}).on('end', () => socket.end()).resume();
  }).listen({ host: '::', port: Number(process.argv[2]), backlog: 4096 }, () => process.stdout.write('serves'));
});
process.stdout.write('ready');`;

export interface FarHost {
  readonly pid: number;
  readonly addresses: { readonly ipv4: string; readonly ipv6: string };
  stop(): Promise<void>;
}

/** Another host behind a veth, in a network namespace of its own below this thread's, with or without TCP timestamps. */
export async function startFarHost(number: number, port: number, usesTimestamps: boolean): Promise<FarHost> {
  const child = spawn('unshare', ['-n', process.execPath, '-e', SERVER, usesTimestamps ? '1' : '0', String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const [near, far] = [`far${number}`, `far${number}p`];
  const inFar = ['nsenter', '-t', String(child.pid), '-n'];
  for (const command of [
    ['ip', 'link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', String(child.pid)],
    ['ip', 'addr', 'add', `192.0.${number}.1/24`, 'dev', near],
    ['ip', 'addr', 'add', `2001:db8:${number}::1/64`, 'dev', near, 'nodad'],
    ['ip', 'link', 'set', near, 'up'],
    [...inFar, 'ip', 'addr', 'add', `192.0.${number}.2/24`, 'dev', far],
    [...inFar, 'ip', 'addr', 'add', `2001:db8:${number}::2/64`, 'dev', far, 'nodad'],
    [...inFar, 'ip', 'link', 'set', far, 'up'],
  ]) {
    const { status, stderr } = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  }
  child.stdin.write('go');
  await once(child.stdout, 'data');
  return {
    pid: child.pid!,
    addresses: { ipv4: `192.0.${number}.2`, ipv6: `2001:db8:${number}::2` },
    stop: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
