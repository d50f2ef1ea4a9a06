import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { OWNING_PROCESSES, type Phase, phaseOf } from './phases.ts';

/** What to make, by `native/sockets.c`. */
export interface FleetOptions {
  readonly state: string;
  readonly sockets: number;
  readonly processes: number;
  readonly peers: number;
  /** Its processes are called `NAME-00`, `NAME-01` …. */
  readonly name: string;
  /** The first process listens here, the others on the ports above. */
  readonly port?: number;
}

const SERVICE_PORT = 8000;

/** So many established sockets of the usual number of processes, called `service-NN`. */
export function startEstablished(program: string, count: number): Promise<SocketFleet> {
  return startPopulation(program, phaseOf('established', count), 'established');
}

/** The sockets of a population; undefined on an idle host. */
export async function makeSockets(program: string, phase: Phase): Promise<SocketFleet | undefined> {
  return phase.state === undefined ? undefined : startPopulation(program, phase, phase.state);
}

function startPopulation(program: string, { sockets, peers }: Phase, state: string): Promise<SocketFleet> {
  return startFleet(program, { state, sockets, peers, processes: OWNING_PROCESSES, name: 'service' });
}

/** Processes that hold sockets. */
export interface SocketFleet {
  readonly processes: number;
  /** Replaces so many thousandths of the sockets, and makes up for those that have expired. Resolves when all are there. */
  replace(thousandths: number): Promise<void>;
  /** Replaces so many sockets in each second from now on, 0 = none. */
  churn(perSecond: number): Promise<void>;
  /** Resolves when the processes and their sockets are gone; TIME_WAIT stays. */
  quit(): Promise<void>;
}

/** Starts a fleet in the network namespace of this thread. Resolves when all sockets are there. */
export async function startFleet(program: string, options: FleetOptions): Promise<SocketFleet> {
  const { state, sockets, processes, peers, name, port = SERVICE_PORT } = options;
  const child = spawn(program, [state, sockets, processes, peers, name, port].map(String), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const nextLine = lineReader(child);
  const [word, count] = (await nextLine()).split(' ');
  if (word !== 'ready') throw new Error(`the sockets could not be made: ${word}`);
  return { processes: Number(count), replace, churn, quit };

  async function replace(thousandths: number): Promise<void> {
    await tell(`replace ${thousandths}`);
  }

  async function churn(perSecond: number): Promise<void> {
    await tell(`churn ${perSecond}`);
  }

  async function tell(order: string): Promise<void> {
    child.stdin.write(`${order}\n`);
    const answer = await nextLine();
    if (answer !== 'done') throw new Error(`the sockets could not be replaced: ${answer}`);
  }

  async function quit(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin.end();
    await once(child, 'exit');
  }
}

/** Rejects when the program ends, or says nothing for ten minutes. */
function lineReader(child: ChildProcess & { readonly stdout: NonNullable<ChildProcess['stdout']> }) {
  const lines = createInterface(child.stdout);
  const exited = once(child, 'exit');
  return async function nextLine(): Promise<string> {
    const ended = exited.then(([code]) => {
      throw new Error(`the process that makes sockets ended with ${code}`);
    });
    const line = once(lines, 'line', { signal: AbortSignal.timeout(600_000) });
    const [text] = (await Promise.race([line, ended])) as [string];
    return text;
  };
}
