// The bill of materials: what npm knows of the production dependencies, in CycloneDX, and the Node.js that a package brings.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSourceDate } from './revision.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * Writes the bill and returns the path. Without a serial number and with the date of the commit: the same each time.
 * @param {string} file
 * @param {{ version: string }} node
 * @param {readonly { name: string, version: string, architecture: string }[]} [debian] packages of Debian that are inside as well
 * @returns {string}
 */
export function writeSbom(file, { version }, debian = []) {
  const args = [
    'sbom',
    '--omit',
    'dev',
    '--sbom-format',
    'cyclonedx',
    '--sbom-type',
    'application',
    '--package-lock-only',
  ];
  const { serialNumber: _, ...bill } = JSON.parse(
    execFileSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 }),
  );
  bill.metadata.timestamp = new Date(readSourceDate() * 1000).toISOString();
  bill.metadata.component.name = 'tcpstate-exporter';
  bill.components.push({
    'bom-ref': `node@${version}`,
    type: 'platform',
    name: 'node',
    version,
    purl: `pkg:generic/node@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
  });
  bill.components.push(...debian.map(describeDebian));
  writeFileSync(file, `${JSON.stringify(bill, undefined, 2)}\n`);
  return file;
}

/** Its licences are in /usr/share/doc/<name>/copyright, not under one name of SPDX. */
function describeDebian({ name, version, architecture }) {
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
  return {
    'bom-ref': purl,
    type: 'library',
    name,
    version,
    purl,
    licenses: [{ license: { name: `/usr/share/doc/${name}/copyright` } }],
  };
}
