const PORTS = 65_536;

/** A set of ports that is filled and emptied in every scrape, at the cost of those that are in it. */
export class PortSet {
  /** The ports, in the order in which they came: the first `length` count. */
  readonly ports = new Uint16Array(PORTS);
  length = 0;
  readonly #isIn = new Uint8Array(PORTS);

  add(port: number): void {
    if (this.#isIn[port] === 1) return;
    this.#isIn[port] = 1;
    this.ports[this.length++] = port;
  }

  has(port: number): boolean {
    return this.#isIn[port] === 1;
  }

  clear(): void {
    for (let index = 0; index < this.length; index++) this.#isIn[this.ports[index]!] = 0;
    this.length = 0;
  }
}
