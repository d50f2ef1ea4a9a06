import type { BenchExporter } from '../exporter.ts';
import type { NativePrograms } from '../native.ts';
import type { Phase } from '../phases.ts';
import { collectdTool } from './collectd.ts';
import { commandTool, dumpTool } from './command.ts';
import { exporterTool } from './exporter.ts';
import { startNodeExporter } from './node-exporter.ts';
import { measureIdle } from './server.ts';
import type { Tool } from './tool.ts';

/** What each tool is called in the report. */
export const TOOL_TITLES: Readonly<Record<string, string>> = {
  exporter: 'tcpstate-exporter, everything on',
  dump: 'C program that only dumps',
  ss: '`ss -Htan`',
  'ss-p': '`ss -Htanp`',
  netstat: '`netstat -ant`',
  node_exporter: 'node_exporter, tcpstat only',
  collectd: 'collectd, tcpconns only',
};

/** The exporter and the tools it is compared with, as far as they are installed and wanted. */
export async function startTools(
  programs: NativePrograms,
  exporter: BenchExporter,
  phase: Phase,
  wanted: ReadonlySet<string> | undefined,
): Promise<Tool[]> {
  const isWanted = (name: string) => wanted === undefined || wanted.has(name);
  const tools = [
    dumpTool(programs),
    commandTool(programs, 'ss', ['ss', '-Htan']),
    commandTool(programs, 'ss-p', ['ss', '-Htanp']),
    commandTool(programs, 'netstat', ['netstat', '-ant']),
    collectdTool(phase.sockets),
    isWanted('node_exporter') ? await startNodeExporter() : undefined,
  ];
  const others = tools.filter((tool) => tool !== undefined).filter(({ name }) => isWanted(name));
  return [exporterTool(exporter, phase, await measureIdle(exporter)), ...others];
}
