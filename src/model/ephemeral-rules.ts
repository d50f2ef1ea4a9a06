import type { EphemeralRange } from './port-range.ts';

/** How this platform hands out ephemeral ports: what the ephemeral tally needs to see them as connect() does. */
export interface EphemeralRules {
  readonly ranges: { readonly ipv4?: EphemeralRange; readonly ipv6?: EphemeralRange };
  /**
   * What a port is used up against. `destination`: a port may serve many destinations at once (Linux), so the busiest
   * one is the limit. `host`: a port is held against every destination (Windows).
   */
  readonly heldAgainst: 'destination' | 'host';
  readonly timeWaitReuse: TimeWaitReuse;
  /** How long a socket stays in TIME_WAIT; undefined where the platform does not tell. */
  readonly timeWaitMs: number | undefined;
}

/** When connect() may take over the port of a TIME_WAIT socket towards the same destination. */
export interface TimeWaitReuse {
  /** `loopback`: only where an address of the socket is a loopback address. */
  readonly scope: 'never' | 'loopback' | 'always';
  /** Milliseconds the socket must have been in TIME_WAIT. */
  readonly afterMs: number;
}
