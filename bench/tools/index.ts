import type { BenchExporter } from '../exporter.ts';
import type { NativePrograms } from '../native.ts';
import type { Phase } from '../phases.ts';
import { collectdTool } from './collectd.ts';
import { commandTool, dumpTool } from './command.ts';
import { exporterTool } from './exporter.ts';
import { nodeExporterTool } from './node-exporter.ts';
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
  'node_exporter-3': 'node_exporter, tcpstat, sockstat, netstat',
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
    ...commandTools(programs),
    collectdTool(phase.sockets),
    isWanted('node_exporter') ? await nodeExporterTool() : undefined,
  ];
  const others = tools.filter((tool) => tool !== undefined).filter(({ name }) => isWanted(name));
  return [exporterTool(exporter, phase, await measureIdle(exporter)), ...others];
}

/** Those that start, print all sockets and end, as far as they are installed. */
export function commandTools(programs: NativePrograms): Tool[] {
  const tools = [
    dumpTool(programs),
    commandTool(programs, 'ss', ['ss', '-Htan']),
    commandTool(programs, 'ss-p', ['ss', '-Htanp']),
    commandTool(programs, 'netstat', ['netstat', '-ant']),
  ];
  return tools.filter((tool) => tool !== undefined);
}
