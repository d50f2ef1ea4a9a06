import { SystemCallError } from '../libc/libc.ts';
import { Command, packAttr, tryBpf } from './bpf-call.ts';

const ENOENT = -2;
/** Entries per call: more than any bucket of a map has. */
const BATCH = 1024;

/** Entries of one call, behind each other. */
export interface MapEntries {
  readonly keys: Buffer;
  readonly values: Buffer;
  readonly length: number;
}

/** A hash or array map of the kernel's, or a queue, whose keys are `keySize` bytes and its values `valueSize`. Throws SystemCallError. */
export class KernelMap {
  readonly #fd: number;
  readonly #keys: Buffer;
  readonly #values: Buffer;
  readonly keySize: number;
  readonly valueSize: number;

  constructor(fd: number, keySize: number, valueSize: number) {
    this.#fd = fd;
    this.keySize = keySize;
    this.valueSize = valueSize;
    this.#keys = Buffer.alloc(BATCH * keySize);
    this.#values = Buffer.alloc(BATCH * valueSize);
  }

  /** Every entry of a hash map once, in buffers that the next call overwrites. */
  readAll(each: (entries: MapEntries) => void): void {
    const cursor = Buffer.alloc(8);
    for (let isFirst = true; ; isFirst = false) {
      const batch = packAttr(56, [
        ...(isFirst ? [] : ([[0, cursor]] as const)),
        [8, cursor],
        [16, this.#keys],
        [24, this.#values],
        [32, BATCH],
        [36, this.#fd],
      ]);
      const result = tryBpf(Command.mapLookupBatch, batch);
      if (result < 0 && result !== ENOENT) throw new SystemCallError('bpf(BPF_MAP_LOOKUP_BATCH)', -result);
      each({ keys: this.#keys, values: this.#values, length: batch.readUInt32LE(32) });
      if (result === ENOENT) return;
    }
  }

  /** Undefined if there is no such entry. */
  read(key: Uint8Array): Buffer | undefined {
    return this.#call(Command.mapLookup, key, Buffer.alloc(this.valueSize), 'BPF_MAP_LOOKUP_ELEM');
  }

  /** Removes an entry and returns its value. */
  take(key: Uint8Array): Buffer | undefined {
    return this.#call(Command.mapLookupAndDelete, key, Buffer.alloc(this.valueSize), 'BPF_MAP_LOOKUP_AND_DELETE_ELEM');
  }

  write(key: Uint8Array, value: Uint8Array): void {
    this.#call(Command.mapUpdate, key, value, 'BPF_MAP_UPDATE_ELEM');
  }

  /** Of a queue. */
  push(value: Uint8Array): void {
    this.#call(Command.mapUpdate, 0, value, 'BPF_MAP_UPDATE_ELEM');
  }

  #call<Value extends Uint8Array>(command: number, key: Uint8Array | 0, value: Value, what: string): Value | undefined {
    const attr = packAttr(32, [
      [0, this.#fd],
      [8, key],
      [16, value],
    ]);
    const result = tryBpf(command, attr);
    if (result < 0 && result !== ENOENT) throw new SystemCallError(`bpf(${what})`, -result);
    return result < 0 ? undefined : value;
  }
}
