/** A scrape ran out of time, possibly because its request had a short time-out. */
export class MissedDeadline extends Error {
  override name = 'MissedDeadline';

  /** `what` was in progress; `detail`: how far it got. */
  constructor(what: string, detail: string) {
    super(`${what} missed the deadline ${detail}`);
  }
}
