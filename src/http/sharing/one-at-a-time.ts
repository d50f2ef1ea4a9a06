import { createFairShare } from './fair-share.ts';

/** Does one job after another. undefined: rejected, the queue is full of other clients' jobs, or of this client's. */
export type OneAtATime = <Result>(client: string, job: () => Promise<Result>) => Promise<Result | undefined>;

/**
 * Runs one job at a time, in the order of arrival. When the queue is full, the client with the most jobs in it loses
 * one to a client with fewer.
 */
export function createOneAtATime(mostWaiting: number): OneAtATime {
  const share = createFairShare(mostWaiting);
  let last: Promise<void> = Promise.resolve();

  return (client, job) =>
    new Promise((resolve, reject) => {
      const place = share.take(client, () => {
        isRejected = true;
        resolve(undefined);
      });
      let isRejected = place === undefined;
      if (place === undefined) return resolve(undefined);
      last = last.then(async () => {
        if (isRejected) return;
        place.isBusy = true;
        await job().then(resolve, reject);
        place.giveBack();
      });
    });
}
