import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readExportedLabels } from '../alerts/exported-labels.ts';
import { parseQuery } from '../alerts/promql.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** Every document of the project: those beside package.json, and those below its folders. */
const DOCUMENTS = [
  ...readdirSync(ROOT),
  ...['docs', 'deploy', 'src', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  ),
].filter((file) => file.endsWith('.md') && !file.includes('node_modules'));

describe('the documents', () => {
  it('link only to files and sections that exist', () => {
    assert.ok(DOCUMENTS.length > 15, `${DOCUMENTS.length} documents`);
    const broken = DOCUMENTS.flatMap((file) => linksOf(read(file)).map((link) => ({ file, link }))).filter(
      ({ file, link }) => !leadsSomewhere(file, link),
    );
    assert.deepEqual(broken, []);
  });

  it('fit: the README takes no more than 150 lines', () => {
    assert.ok(read('README.md').split('\n').length <= 151);
  });
});

describe('README.md', () => {
  it('gives queries that parse and ask for metrics that exist', async () => {
    const exported = await readExportedLabels();
    const queries = [...read('README.md').matchAll(/^\| [^|`]+\? \| `([^`]+)` \|$/gm)].map(([, query]) => query!);
    assert.ok(queries.length > 5, `${queries.length} queries`);
    for (const query of queries) {
      const { errors, selectors } = parseQuery(query);
      assert.deepEqual(errors, [], query);
      for (const { metric } of selectors) assert.ok(exported.has(metric), metric);
    }
  });
});

describe('the table of rooms in CONTRIBUTING.md', () => {
  const [table] = /^\| room of `src\/` \|(\n?.+)+/m.exec(read('CONTRIBUTING.md'))!;
  const rows = new Map([...table.matchAll(/^\| `([a-z/-]+\/)` \| (.*) \|$/gm)].map(([, room, text]) => [room!, text!]));

  it('has a row for every room of src/, and for no other', () => {
    const rooms = foldersOf('src');
    assert.deepEqual([...rows.keys()].sort(), [...rooms, 'platform/linux/', 'platform/windows/'].sort());
  });

  it('names every room inside of a room', () => {
    for (const [room, text] of rows) {
      const inner = foldersOf(join('src', room)).filter((folder) => !rows.has(room + folder));
      for (const folder of inner) assert.ok(text.includes(`\`${folder}\``), `${room}${folder}`);
    }
  });

  it('names only files that exist', () => {
    for (const [, file] of read('CONTRIBUTING.md').matchAll(/`([a-z-]+\/[a-z/-]+\.ts)`/g))
      assert.ok(existsSync(join(ROOT, 'src', file!)) || existsSync(join(ROOT, file!)), file);
  });
});

/** Targets of the links and pictures of a document, those to other hosts left out. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter((link) => !/^https?:/.test(link));
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path, section] = link.split('#') as [string, string?];
  const file = path === '' ? join(ROOT, document) : resolve(ROOT, dirname(document), path);
  if (!existsSync(file)) return false;
  return section === undefined || (statSync(file).isFile() && sectionsOf(readFileSync(file, 'utf8')).includes(section));
}

/** As GitHub names them: "Who is it?" → who-is-it. */
function sectionsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** Names of the folders in a folder, each with a slash behind it. */
function foldersOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${name}/`);
}
