import { gauge, type MetricFamily } from './family.ts';

/** What is running. `revision` is the commit it was built from, `platform` one of Node's `process.platform`. */
export interface BuildInfo {
  readonly version: string;
  readonly revision: string;
  readonly nodeVersion: string;
  readonly platform: string;
}

export function buildInfoFamilies(build: BuildInfo): MetricFamily[] {
  return [
    gauge(
      'tcpstate_exporter_build_info',
      ['version', 'revision', 'node_version', 'platform'],
      'Always 1, the labels tell what is running, from the build and the Node.js runtime.',
      [{ labels: [build.version, build.revision, build.nodeVersion, build.platform], value: 1 }],
    ),
  ];
}
