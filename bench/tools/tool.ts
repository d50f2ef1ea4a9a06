/** What one collection cost. */
export interface Reading {
  /** User and system time. */
  readonly cpuMs: number;
  /** Share of it of the thread that answers, of the exporter. */
  readonly mainThreadMs?: number;
  /** Absent for a tool that collects by itself. */
  readonly wallMs?: number;
  /** Most memory the process ever held, in MB. */
  readonly peakRssMb: number;
  /** Memory of a server that is the process's alone, in MB; the rest is pages of files. */
  readonly anonymousMb?: number;
  /** Sockets it saw, where it tells. */
  readonly sockets?: number;
  /** Length of the page it gave, as text and as sent. */
  readonly pageBytes?: number;
  readonly sentBytes?: number;
  /** Share of the sockets (0–1) for which it found no process. */
  readonly unattributed?: number;
}

/** Something that collects TCP sockets. */
export interface Tool {
  readonly name: string;
  /** One collection. */
  collect(): Promise<Reading>;
  stop(): Promise<void>;
}
