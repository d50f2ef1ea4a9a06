import type { EphemeralRange } from './port-range.ts';

/** How this platform hands out ephemeral ports; the tally needs it to count them as connect() does. */
export interface EphemeralRules {
  readonly ranges: { readonly ipv4?: EphemeralRange; readonly ipv6?: EphemeralRange };
  /**
   * What a used port blocks. `destination`: only that destination, so the busiest one is the limit (Linux). `host`:
   * every destination (Windows).
   */
  readonly heldAgainst: 'destination' | 'host';
  readonly timeWaitReuse: TimeWaitReuse;
  /** How long a socket stays in TIME_WAIT; undefined if the platform does not say. */
  readonly timeWaitMs: number | undefined;
}

/** When connect() may take over the port of a TIME_WAIT socket towards the same destination. */
export interface TimeWaitReuse {
  /** `loopback`: only if an address of the socket is a loopback address. */
  readonly scope: 'never' | 'loopback' | 'always';
  /** Connections do without TCP timestamps (`net.ipv4.tcp_timestamps` is 0), unless they began before that was set: those have them. */
  readonly isWithoutTimestamps?: boolean;
  /** Milliseconds the socket must have been in TIME_WAIT. */
  readonly afterMs: number;
}
