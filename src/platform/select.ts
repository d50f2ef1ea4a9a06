import type { PlatformName } from '../model/collectors.ts';
import type { Platform, PlatformOptions } from './platform.ts';

/** Opens the platform of that name; nothing of the others is loaded. Throws when the OS refuses every source of sockets. */
export async function openPlatform(name: PlatformName, options: PlatformOptions): Promise<Platform> {
  switch (name) {
    case 'linux': {
      const { openLinuxPlatform } = await import('./linux/index.ts');
      return openLinuxPlatform(options);
    }
    case 'windows': {
      const { openWindowsPlatform } = await import('./windows/index.ts');
      return openWindowsPlatform(options);
    }
  }
}
