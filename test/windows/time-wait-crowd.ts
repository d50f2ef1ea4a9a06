/** More ports and peers than a table of ten shows; none of the ports is ephemeral. */
export const PEERS = 12;
export const FIRST_PORT = 8100;
/** Sockets in TIME_WAIT of the first port and peer; the second has twice as many. */
export const STEP = 3;
/** A service with connections that were closed, and one that is open. */
export const SERVICE = { host: '127.0.0.3', port: 9000 } as const;
export const TO_SERVICE = 20;
/** Whoever connects there gets all of it once more. */
export const CONTROL = { host: '127.0.0.4', port: 9001 } as const;
