import type { BuildInfo } from '../../../src/model/build-info.ts';

export { LINUX_SNAPSHOT } from './linux-snapshot.ts';
export { NAMES_SNAPSHOT } from './names-snapshot.ts';
export { WINDOWS_SNAPSHOT } from './windows-snapshot.ts';

export const LINUX_BUILD: BuildInfo = {
  version: '0.1.0',
  revision: '4f1c2ab',
  nodeVersion: 'v20.20.2',
  platform: 'linux',
};

export const WINDOWS_BUILD: BuildInfo = { ...LINUX_BUILD, nodeVersion: 'v22.23.3', platform: 'win32' };
