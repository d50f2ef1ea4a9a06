import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TARGETS } from '../fuzz/targets/index.ts';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** What a function that takes foreign text to pieces has in it. */
const PICKS_APART =
  /\.(exec|match|matchAll|split)\(|\.read(U?Int|BigU?Int)\w*\(|JSON\.parse\(|\.toString\('(utf16le|latin1)'|\b(parseArgs|parseDocument)\(|\bhalves\[/;

/** Files that take only our own text to pieces. */
const NOT_FOREIGN: Readonly<Record<string, string>> = {
  'version.ts': 'the package.json it was installed with',
  'config/help.ts': 'names of our own flags',
  'platform/linux/bpf/connection-events.ts': 'what our own program has counted',
  'platform/linux/bpf/event-flows.ts': 'what our own program has counted',
  'platform/linux/bpf/event-owners.ts': 'what our own program has noted; any bytes are a name',
  'platform/linux/bpf/kernel-map.ts': 'how many entries the kernel has written',
  'platform/linux/bpf/hand-over.ts': 'the command line, environment and status of this process',
  'platform/linux/bpf/kernel-fds.ts': 'what our own program has written',
  'platform/linux/bpf/kernel-walk.ts': 'what our own program has written',
  'platform/linux/bpf/own-descriptors.ts': 'names that we gave, which the kernel gives back',
  'platform/linux/bpf/skeleton.ts': 'what our own loader has written',
};

const driven = Object.values(TARGETS).flatMap(({ drives }) => drives);
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const textOf = (file: string) => readFileSync(join(SRC, file), 'utf8');

describe('fuzz targets', () => {
  it('drive every function that parses or decodes', () => {
    const found = files.flatMap((file) =>
      [...textOf(file).matchAll(/^export (?:async )?function ((?:parse|decode)\w+)/gm)].map(
        ([, name]) => `${file}#${name}`,
      ),
    );
    assert.ok(found.length > 25, `${found.length} functions`);
    assert.deepEqual(
      found.filter((each) => !driven.includes(each)),
      [],
      'not in test/fuzz/targets',
    );
  });

  it('drive something in every file that takes foreign text or bytes to pieces', () => {
    const drivenFiles = new Set(driven.map((each) => each.split('#')[0]!));
    const left = files.filter((file) => PICKS_APART.test(textOf(file)) && !drivenFiles.has(file));
    assert.deepEqual(left.sort(), Object.keys(NOT_FOREIGN).sort(), 'not in test/fuzz/targets');
  });

  it('drive functions that exist', () => {
    const gone = driven.filter((each) => {
      const [file, name] = each.split('#') as [string, string];
      return !files.includes(file) || !new RegExp(`\\b${name}\\b *(\\(|=|<)`).test(textOf(file));
    });
    assert.deepEqual(gone, []);
  });
});
