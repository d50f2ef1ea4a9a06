import { ConfigRefusal, quoteValue } from './refusal.ts';

/** A listening socket that systemd opened and passed to this process. */
export interface PassedSocket {
  readonly fd: number;
  /** FileDescriptorName= of its unit; undefined if systemd does not say. */
  readonly name: string | undefined;
}

type Variables = Record<string, string | undefined>;

/** SD_LISTEN_FDS_START of sd-daemon.h: the first passed descriptor. */
const FIRST_FD = 3;
const MOST_SOCKETS = 1000;
const FLAG = '--web.systemd-socket';

/**
 * The sockets that systemd passed to process `pid`, at least one, as in sd_listen_fds(3). Removes systemd's variables,
 * so that no child process uses them. Refuses if they are missing, broken, or meant for another process.
 */
export function takePassedSockets(environment: Variables, pid: number): readonly PassedSocket[] {
  const { LISTEN_PID: meantFor, LISTEN_FDS: count, LISTEN_FDNAMES: names } = environment;
  for (const name of ['LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete environment[name];
  if (!meantFor || !count) {
    const missing = !meantFor ? 'LISTEN_PID' : 'LISTEN_FDS';
    throw refuse(
      `systemd passed no socket (${missing} is not set): start the exporter by a .socket unit, or leave the flag out`,
    );
  }
  if (meantFor !== String(pid)) {
    throw refuse(
      `the sockets are meant for process ${quoteValue(meantFor)}, this is ${pid}: let systemd start the exporter directly, or end a script in between with exec`,
    );
  }
  if (!/^\d{1,4}$/.test(count) || Number(count) < 1 || Number(count) > MOST_SOCKETS) {
    throw refuse(`LISTEN_FDS=${quoteValue(count)} is not a number of sockets from 1 to ${MOST_SOCKETS}`);
  }
  const nameOf = names?.split(':') ?? [];
  return Array.from({ length: Number(count) }, (_, index) => ({
    fd: FIRST_FD + index,
    name: nameOf[index] || undefined,
  }));
}

function refuse(reason: string): ConfigRefusal {
  return new ConfigRefusal(`${FLAG} is not possible: ${reason}`);
}
