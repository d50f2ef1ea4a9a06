/** ENUM_SERVICE_STATUS_PROCESSW on 64-bit Windows (winsvc.h): two pointers and a SERVICE_STATUS_PROCESS. */
export const ENUM_SERVICE_STATUS_PROCESSW = { length: 56, name: 0, type: 16, pid: 44 } as const;

/** winnt.h: an instance of a per-user service, whose name ends with the number of the logon. */
const SERVICE_USERSERVICE_INSTANCE = 0x80;
/** The service manager allows 256 characters (CreateServiceW). */
const LONGEST_NAME = 256;

/** One running service. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
}

/**
 * What EnumServicesStatusExW wrote: `count` structs, then the strings they point to. `base` is the buffer's address.
 * Throws if a struct or a string is not inside the buffer.
 */
export function decodeServices(buffer: Buffer, base: bigint, count: number): ServiceProcess[] {
  const { length, name, type, pid } = ENUM_SERVICE_STATUS_PROCESSW;
  if (count * length > buffer.length) throw new Error(`${count} services do not fit into ${buffer.length} bytes`);
  return Array.from({ length: count }, (_, index) => {
    const at = index * length;
    const isPerUser = (buffer.readUInt32LE(at + type) & SERVICE_USERSERVICE_INSTANCE) !== 0;
    const text = readString(buffer, buffer.readBigUInt64LE(at + name) - base);
    // CDPUserSvc_3a4f2 would be a new unit after each logon
    return { name: isPerUser ? text.replace(/_[0-9a-f]+$/, '') : text, pid: buffer.readUInt32LE(at + pid) };
  });
}

function readString(buffer: Buffer, offset: bigint): string {
  if (offset < 0n || offset >= BigInt(buffer.length)) throw new Error(`service name outside of its buffer: ${offset}`);
  const start = Number(offset);
  const text = buffer.toString('utf16le', start, start + (LONGEST_NAME + 1) * 2);
  const end = text.indexOf('\0');
  if (end < 0) throw new Error(`service name without an end: ${text}`);
  return text.slice(0, end);
}
