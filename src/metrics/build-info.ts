import type { BuildInfo } from '../model/build-info.ts';
import { gauge, type MetricFamily } from './family.ts';

export function buildInfoFamilies(build: BuildInfo): MetricFamily[] {
  return [
    gauge(
      'tcpstate_exporter_build_info',
      ['version', 'revision', 'node_version', 'platform'],
      'Always 1; the labels show version and platform, from the build and the Node.js runtime.',
      [{ labels: [build.version, build.revision, build.nodeVersion, build.platform], value: 1 }],
    ),
  ];
}
