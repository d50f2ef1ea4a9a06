import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { settledState } from '../windows/service-control.ts';
import { type Wine, windowsPath } from '../windows/wine.ts';

export const SERVICE = 'tcpstate-exporter';
const MSIEXEC_FAILED = 1603;

/** Runs msiexec without asking anything. */
export async function install(wine: Wine, msi: string, ...properties: string[]): Promise<void> {
  await wine.run('msiexec', '/i', windowsPath(msi), '/qn', ...properties);
}

export async function uninstall(wine: Wine, msi: string): Promise<void> {
  await wine.run('msiexec', '/x', windowsPath(msi), '/qn');
}

/** Whether the installer refused. Exit codes of Windows have more bits than those of Linux, which keeps the lowest eight. */
export async function isRefused(wine: Wine, msi: string, ...properties: string[]): Promise<boolean> {
  const code = await wine.start('msiexec', '/i', windowsPath(msi), '/qn', ...properties).end();
  return code === (MSIEXEC_FAILED & 0xff);
}

/** Everything of the exporter that is found in this Windows. */
export async function tracesOf(wine: Wine) {
  return {
    service: await settledState(wine, SERVICE),
    program: filesBelow(join(wine.driveC, 'Program Files', SERVICE)),
    data: filesBelow(join(wine.driveC, 'ProgramData', SERVICE)),
    registry: await registryLines(wine),
  };
}

/** Undefined: there is no such folder. */
function filesBelow(folder: string): string[] | undefined {
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

async function registryLines(wine: Wine): Promise<string[]> {
  const found: string[] = [];
  for (const key of ['HKLM\\Software', 'HKLM\\System']) {
    await wine.run('reg', 'export', key, 'C:\\registry.reg', '/y');
    const lines = readFileSync(join(wine.driveC, 'registry.reg'), 'utf16le').split('\r\n');
    found.push(...lines.filter((line) => line.includes(SERVICE)));
  }
  return found;
}
