import { loadKernel32 } from '../platform/windows/dll/kernel32.ts';
import { createSystemPaths } from '../platform/windows/dll/system-folder.ts';
import { loadServiceCalls } from './service-calls.ts';
import { enterService, type WindowsService } from './windows-service.ts';

export type { WindowsService } from './windows-service.ts';

/** Makes this process the service that the Windows service manager started it for; reports its exit code at the end. */
export async function openService(): Promise<WindowsService> {
  const kernel32 = loadKernel32();
  const calls = loadServiceCalls(createSystemPaths(kernel32)('advapi32.dll'), kernel32.getLastError);
  const service = await enterService(calls);
  process.on('exit', (code) => {
    service.isEnding(code);
    // A program that waited for "stopped" deletes node.exe next: Node must not take its time to end.
    process.kill(process.pid, 'SIGKILL');
  });
  return service;
}
