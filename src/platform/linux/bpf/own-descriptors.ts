import { readdirSync, readlinkSync } from 'node:fs';
import { bpf, Command, packAttr } from './bpf-call.ts';

/** Where a process sees its own descriptors, whatever procfs it reads the host by. */
const OWN_FDS = '/proc/self/fd';

/** struct bpf_prog_info and struct bpf_map_info of include/uapi/linux/bpf.h. */
const PROGRAM_INFO = { length: 232, mapCount: 52, mapIds: 56, name: 64 } as const;
const MAP_INFO = { length: 88, id: 4, valueSize: 12, name: 24 } as const;
const NAME_LENGTH = 16;

export interface OwnMap {
  readonly fd: number;
  readonly id: number;
  readonly name: string;
  readonly valueSize: number;
}

export interface OwnProgram {
  readonly fd: number;
  readonly name: string;
  /** Of one of its maps. */
  readonly mapId: number;
}

/** A program that reads for this process, and the map that it writes into: plain data, good in every thread and without any capability. */
export interface ReaderDescriptors {
  readonly program: number;
  readonly rows: number;
}

/** The program of that name that this process has loaded, with its map; undefined if it has not. They stay open as long as the process lives. */
export function findOwn(programName: string, mapName: string, valueSize: number): ReaderDescriptors | undefined {
  const { maps, programs } = listOwn();
  for (const { fd, name, mapId } of programs) {
    if (name !== programName) continue;
    const rows = maps.find((map) => map.id === mapId && map.name === mapName && map.valueSize === valueSize);
    if (rows !== undefined) return { program: fd, rows: rows.fd };
  }
  return undefined;
}

/** What this process has loaded into the kernel and still has descriptors of: in another thread, or before it began anew. */
export function listOwn(): { readonly maps: readonly OwnMap[]; readonly programs: readonly OwnProgram[] } {
  const maps: OwnMap[] = [];
  const programs: OwnProgram[] = [];
  for (const { fd, kind } of listBpfDescriptors()) {
    if (kind === 'bpf-map') maps.push(readMap(fd));
    else programs.push(readProgram(fd));
  }
  return { maps, programs };
}

function* listBpfDescriptors(): Generator<{ readonly fd: number; readonly kind: string }> {
  for (const name of readdirSync(OWN_FDS)) {
    try {
      const kind = /^anon_inode:(bpf-map|bpf-prog)$/.exec(readlinkSync(`${OWN_FDS}/${name}`))?.[1];
      if (kind !== undefined) yield { fd: Number(name), kind };
    } catch {
      // closed since it was listed
    }
  }
}

function readMap(fd: number): OwnMap {
  const info = readInfo(fd, MAP_INFO.length);
  return {
    fd,
    id: info.readUInt32LE(MAP_INFO.id),
    name: nameIn(info, MAP_INFO.name),
    valueSize: info.readUInt32LE(MAP_INFO.valueSize),
  };
}

function readProgram(fd: number): OwnProgram {
  const mapId = Buffer.alloc(4);
  const request = packAttr(PROGRAM_INFO.length, [
    [PROGRAM_INFO.mapCount, 1],
    [PROGRAM_INFO.mapIds, mapId],
  ]);
  const info = readInfo(fd, PROGRAM_INFO.length, request);
  return { fd, name: nameIn(info, PROGRAM_INFO.name), mapId: mapId.readUInt32LE(0) };
}

function readInfo(fd: number, length: number, info: Buffer = Buffer.alloc(length)): Buffer {
  const attr = packAttr(16, [
    [0, fd],
    [4, length],
    [8, info],
  ]);
  bpf(Command.infoByFd, attr, 'BPF_OBJ_GET_INFO_BY_FD');
  return info;
}

function nameIn(info: Buffer, at: number): string {
  return info.toString('latin1', at, at + NAME_LENGTH).replace(/\0.*$/s, '');
}
