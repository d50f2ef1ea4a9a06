// Writes an image layout: https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
// Three JSON files and a tar are all there is to it; the tests have skopeo and umoci read what comes out.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TYPES = 'application/vnd.oci.image';
/** No time, user or process of the machine that builds; setcap's attribute goes along. */
const TAR = [
  ...['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=posix'],
  '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
  ...['--xattrs', '--xattrs-include=security.capability'],
];

/**
 * Fills `folder` with a layout that has one image for each of `images`, all of the same layers.
 * @param {{ folder: string, work: string, layers: readonly string[], architecture: string, created: string,
 *   images: readonly { annotations: object, config: object }[] }} options layers: folders, the lowest first; architecture: as Go names it
 */
export function writeLayout({ folder, work, layers, architecture, created, images }) {
  mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true });
  const packed = layers.map((layer, index) => packLayer(layer, join(work, `layer-${index}`)));
  const rootfs = { type: 'layers', diff_ids: packed.map(({ diffId }) => diffId) };
  const manifests = images.map(({ annotations, config }) => {
    const manifest = {
      schemaVersion: 2,
      mediaType: `${TYPES}.manifest.v1+json`,
      config: addJson(`${TYPES}.config.v1+json`, { created, architecture, os: 'linux', config, rootfs }),
      layers: packed.map(({ gzip }) => addBlob(`${TYPES}.layer.v1.tar+gzip`, gzip)),
    };
    return { ...addJson(manifest.mediaType, manifest), platform: { architecture, os: 'linux' }, annotations };
  });
  writeJson(join(folder, 'index.json'), { schemaVersion: 2, mediaType: `${TYPES}.index.v1+json`, manifests });
  writeJson(join(folder, 'oci-layout'), { imageLayoutVersion: '1.0.0' });

  function addJson(mediaType, value) {
    return addBlob(mediaType, Buffer.from(JSON.stringify(value)));
  }

  function addBlob(mediaType, content) {
    const digest = digestOf(content);
    writeFileSync(join(folder, 'blobs', ...digest.split(':')), content);
    return { mediaType, digest, size: content.length };
  }
}

/** Compressed by gzip, whose output does not depend on the version of Node.js. */
function packLayer(layer, file) {
  execFileSync('tar', [...TAR, '-C', layer, '-cf', file, '.']);
  const diffId = digestOf(readFileSync(file));
  return { diffId, gzip: execFileSync('gzip', ['-6nc', file], { maxBuffer: statSync(file).size + (1 << 20) }) };
}

function digestOf(content) {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

function writeJson(file, value) {
  writeFileSync(file, JSON.stringify(value));
}
