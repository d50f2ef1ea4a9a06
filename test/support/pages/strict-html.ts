import assert from 'node:assert/strict';

export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface Document {
  readonly elements: readonly Element[];
  /** What a reader sees, blanks joined; parts of a table are apart. */
  readonly text: string;
}

const VOID = ['meta', 'rect', 'path', 'wbr'];
const TAG = /<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z-]+(?:="[^"<>]*")?)*)(\/?)>/y;
const ATTRIBUTE = / ([a-zA-Z-]+)(?:="([^"]*)")?/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** Reads a page and throws at anything but plain elements, each closed, attributes in double quotes, and escaped text. */
export function readStrictHtml(page: string): Document {
  const start = '<!doctype html>\n';
  assert.ok(page.startsWith(start), page.slice(0, 40));
  const elements: Element[] = [];
  const open: string[] = [];
  let text = '';
  for (let at = start.length; at < page.length; ) {
    if (page[at] !== '<') {
      const end = page.indexOf('<', at);
      const run = page.slice(at, end === -1 ? page.length : end);
      if (open.at(-1) !== 'style') text += decode(run);
      at += run.length;
      continue;
    }
    TAG.lastIndex = at;
    const match = TAG.exec(page);
    assert.ok(match !== null, `no tag: ${page.slice(at, at + 80)}`);
    const [whole, closes, tag = '', list = '', isEmpty] = match;
    if (closes === '/') assert.equal(tag, open.pop(), `closed at ${page.slice(Math.max(0, at - 60), at + 10)}`);
    else {
      elements.push({
        tag,
        attributes: Object.fromEntries(
          [...list.matchAll(ATTRIBUTE)].map(([, name, value = '']) => [name!, decode(value)]),
        ),
      });
      if (!VOID.includes(tag) && isEmpty !== '/') open.push(tag);
    }
    if (['td', 'th', 'dt', 'dd', 'li', 'p', 'h1', 'h2', 'h3'].includes(tag)) text += ' ';
    at += whole.length;
  }
  assert.deepEqual(open, []);
  return { elements, text: text.replaceAll(/[ \n]+/g, ' ') };
}

function decode(text: string): string {
  assert.doesNotMatch(text, />|&(?!(amp|lt|gt|quot|#39);)/);
  return text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name]!);
}
