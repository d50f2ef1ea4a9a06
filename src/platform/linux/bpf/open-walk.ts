import { readdirSync, readlinkSync } from 'node:fs';
import { bpf, Command, packAttr } from './bpf-call.ts';
import { loadWalk, OUTPUT_BYTES, type WalkDescriptors } from './kernel-walk.ts';

/** Where a process sees its own descriptors, whatever procfs it reads the host by. */
const OWN_FDS = '/proc/self/fd';

/** struct bpf_prog_info and struct bpf_map_info of include/uapi/linux/bpf.h. */
const PROGRAM_INFO = { length: 232, mapCount: 52, mapIds: 56, name: 64 } as const;
const MAP_INFO = { length: 88, id: 4, valueSize: 12, name: 24 } as const;
const NAME_LENGTH = 16;
const PROGRAM_NAME = 'tcpstate_walk';
const MAP_NAME = 'tcpstate_rows';

/**
 * The walk that this process has loaded, in another thread or before it gave up what loading takes; else it is loaded. The descriptors
 * stay open as long as the process lives. Throws as `loadWalk`.
 */
export function openWalk(): WalkDescriptors {
  return findWalk() ?? loadWalk();
}

/** Undefined where this process has not loaded it. */
export function findWalk(): WalkDescriptors | undefined {
  const mapIds = new Map<number, number>();
  const programs: { readonly program: number; readonly mapId: number }[] = [];
  for (const { fd, kind } of listBpfDescriptors()) {
    if (kind === 'bpf-map') noteMap(fd, mapIds);
    else noteProgram(fd, programs);
  }
  for (const { program, mapId } of programs) {
    const rows = mapIds.get(mapId);
    if (rows !== undefined) return { program, rows };
  }
  return undefined;
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

function noteMap(fd: number, ids: Map<number, number>): void {
  const info = readInfo(fd, MAP_INFO.length);
  if (nameIn(info, MAP_INFO.name) !== MAP_NAME || info.readUInt32LE(MAP_INFO.valueSize) !== OUTPUT_BYTES) return;
  ids.set(info.readUInt32LE(MAP_INFO.id), fd);
}

function noteProgram(fd: number, programs: { readonly program: number; readonly mapId: number }[]): void {
  const mapId = Buffer.alloc(4);
  const request = packAttr(PROGRAM_INFO.length, [
    [PROGRAM_INFO.mapCount, 1],
    [PROGRAM_INFO.mapIds, mapId],
  ]);
  const info = readInfo(fd, PROGRAM_INFO.length, request);
  if (nameIn(info, PROGRAM_INFO.name) === PROGRAM_NAME) programs.push({ program: fd, mapId: mapId.readUInt32LE(0) });
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
