/** Length of the incident in minutes; minute 0 is its first, `MINUTES` its last. */
export const MINUTES = 360;
/** 3:10 in the night, UTC: when the page arrives. */
export const END_SECONDS = Date.UTC(2026, 0, 15, 3, 10) / 1000;

/** A value that goes in straight lines from point to point: minutes before the end → value. */
export function course(...points: readonly (readonly [minutesBeforeEnd: number, value: number])[]) {
  return (minute: number): number => {
    const at = minute - MINUTES;
    const next = points.findIndex(([before]) => -before >= at);
    if (next === -1) return points.at(-1)![1];
    if (next === 0) return points[0]![1];
    const [fromMinute, from] = points[next - 1]!;
    const [toMinute, to] = points[next]!;
    return from + ((to - from) * (at + fromMinute)) / (fromMinute - toMinute);
  };
}

/** The sum of a rate per second up to a minute: what a counter shows. */
export function counter(start: number, ratePerSecond: (minute: number) => number): (minute: number) => number {
  const sums = [start];
  return (minute) => {
    while (sums.length <= minute) sums.push(sums.at(-1)! + 60 * ratePerSecond(sums.length));
    return Math.round(sums[minute]!);
  };
}

/** Unrest of a share of the value, the same at every run: real curves are never smooth. */
export function restless(value: (minute: number) => number, share: number): (minute: number) => number {
  return (minute) => value(minute) * (1 + share * Math.sin(minute * 1.7) * Math.cos(minute * 0.61));
}
