import { createFairShare } from './fair-share.ts';

/** Does a job when its turn comes. undefined = it is not done: too many wait, and this client has its share of them. */
export type Turns = <Result>(client: string, job: () => Promise<Result>) => Promise<Result | undefined>;

type Run = () => Promise<void>;

/** One job at a time. Clients take turns, so that one who has many does not let the others wait longer than one who has few. */
export function createTurns(mostWaiting: number): Turns {
  const share = createFairShare(mostWaiting);
  const queues = new Map<string, Set<Run>>();
  let isRunning = false;

  return (client, job) =>
    new Promise((resolve, reject) => {
      const queue = queues.get(client) ?? new Set();
      const place = share.take(client, () => {
        queue.delete(run);
        resolve(undefined);
      });
      if (place === undefined) return resolve(undefined);
      queues.set(client, queue.add(run));
      if (!isRunning) void runAll();

      async function run(): Promise<void> {
        place!.isBusy = true;
        await job().then(resolve, reject);
        place!.giveBack();
      }
    });

  async function runAll(): Promise<void> {
    isRunning = true;
    for (let run = takeNext(); run !== undefined; run = takeNext()) await run();
    isRunning = false;
  }

  /** The first job of the client who has waited longest for a turn. */
  function takeNext(): Run | undefined {
    for (const [client, queue] of queues) {
      queues.delete(client);
      const [run] = queue;
      if (run === undefined) continue;
      queue.delete(run);
      if (queue.size > 0) queues.set(client, queue);
      return run;
    }
    return undefined;
  }
}
