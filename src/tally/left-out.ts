import type { Filters } from '../model/filters.ts';
import type { NameTable } from '../table/name-table.ts';

const NO_PORTS = new Uint8Array(65_536);

/** What the filters leave out of a table's rows, looked up by row and decided once for each port and name. */
export class LeftOut {
  /** Undefined: nothing is left out. */
  filters: Filters | undefined;
  /** By the id of the name; 1 = left out. */
  processes = new Uint8Array(0);
  readonly #names: NameTable;
  readonly #isNameOut: (filters: Filters, name: string) => boolean;
  #known = 0;

  constructor(names: NameTable, isNameOut: (filters: Filters, name: string) => boolean) {
    this.#names = names;
    this.#isNameOut = isNameOut;
  }

  /** Call before rows are counted by other filters, or with other ids. */
  begin(filters: Filters | undefined): void {
    this.filters = filters;
    this.#known = 0;
  }

  /** Call before rows are counted that may have new names. */
  learnNames(): void {
    const { filters } = this;
    const { length } = this.#names;
    if (filters === undefined) return;
    if (length > this.processes.length) {
      const larger = new Uint8Array(length + (length >> 1));
      larger.set(this.processes);
      this.processes = larger;
    }
    for (; this.#known < length; this.#known++)
      this.processes[this.#known] = Number(this.#isNameOut(filters, this.#names.nameOf(this.#known)));
  }

  /** Of a connection, as its cell shows it. `peer`: the group, negative = left out; port 0: none. */
  hasConnection(peer: number, localPort: number, remotePort: number, process: number): boolean {
    const { localPorts = NO_PORTS, remotePorts = NO_PORTS } = this.filters!;
    return peer < 0 || localPorts[localPort] === 1 || remotePorts[remotePort] === 1 || this.processes[process] === 1;
  }
}
