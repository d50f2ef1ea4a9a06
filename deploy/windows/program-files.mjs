// The files of the program folder as a source for wixl: folders, and a component for each file.

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Part of the service's component, in tcpstate-exporter.wxs. */
const SERVICE_PROGRAM = 'node.exe';

/**
 * @param {string} folder
 * @param {string} name of the folder, seen from where wixl runs: it takes no absolute paths
 * @returns {string}
 */
export function formatProgramFiles(folder, name) {
  const components = [];
  const content = formatFolder({ folder, name }, '', components);
  const references = components.map((id) => `      <ComponentRef Id="${id}" />`);
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">',
    '  <Fragment>',
    '    <DirectoryRef Id="INSTALLDIR">',
    ...content,
    '    </DirectoryRef>',
    '    <ComponentGroup Id="ProgramFiles">',
    ...references,
    '    </ComponentGroup>',
    '  </Fragment>',
    '</Wix>',
    '',
  ].join('\n');
}

function formatFolder(root, path, components) {
  const entries = readdirSync(join(root.folder, path), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  return entries.flatMap((entry) => {
    const inside = path === '' ? entry.name : `${path}/${entry.name}`;
    const id = idOf(inside);
    if (entry.isDirectory()) {
      return [
        `<Directory Id="d${id}" Name="${entry.name}">`,
        ...formatFolder(root, inside, components),
        '</Directory>',
      ];
    }
    if (inside === SERVICE_PROGRAM) return [];
    components.push(`c${id}`);
    return [
      `<Component Id="c${id}" Guid="${guidOf(inside)}" Win64="yes">`,
      `<File Id="f${id}" Source="${root.name}/${inside}" KeyPath="yes" />`,
      '</Component>',
    ];
  });
}

/** Windows Installer counts by it who needs a file: the same for the same file of every version. */
function guidOf(path) {
  const digest = digestOf(path);
  return [digest.slice(0, 8), digest.slice(8, 12), digest.slice(12, 16), digest.slice(16, 20), digest.slice(20, 32)]
    .join('-')
    .toUpperCase();
}

function idOf(path) {
  return digestOf(path).slice(0, 16);
}

function digestOf(path) {
  return createHash('sha256').update(`tcpstate-exporter/${path}`).digest('hex');
}
