import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { ROOT } from './built.ts';

const ADVISORY = {
  fastify: [
    {
      id: 1,
      url: 'https://example.org/advisory',
      title: 'Made up',
      severity: 'low',
      vulnerable_versions: '>=1.0.0',
      cwe: [],
      cvss: {},
    },
  ],
};
const MAY_BE_UNANSWERED = { AUDIT_MAY_BE_UNANSWERED: '1' };

describe('npm run audit', () => {
  it('passes when the registry knows of nothing', async (t) => {
    const { code, stdout } = await audit(t, answerWith(200, {}));
    assert.match(stdout, /^audit: 0 of \d+ production packages with known vulnerabilities$/m);
    assert.equal(code, 0);
  });

  it('fails over the least vulnerability, and names it', async (t) => {
    const { code, stdout } = await audit(t, answerWith(200, ADVISORY), MAY_BE_UNANSWERED);
    assert.match(stdout, /^audit: low: fastify .*: Made up https:\/\/example\.org\/advisory$/m);
    assert.equal(code, 1);
  });

  it('says loudly that a registry has no advisories, which passes only where that is allowed', async (t) => {
    const refused = await audit(t, answerWith(405, {}));
    assert.match(refused.stderr, /^NOT AUDITED: .*\n405 Method Not Allowed/m);
    assert.equal(refused.code, 1);
    const allowed = await audit(t, answerWith(405, {}), MAY_BE_UNANSWERED);
    assert.match(allowed.stderr, /^NOT AUDITED: /m);
    assert.equal(allowed.code, 0);
  });

  it('fails when the registry is broken, whatever is allowed', async (t) => {
    const { code, stderr } = await audit(t, answerWith(400, {}), MAY_BE_UNANSWERED);
    assert.match(stderr, /^NOT AUDITED: /m);
    assert.equal(code, 1);
  });
});

/** A registry that answers so when it is asked for advisories, and knows no package. */
function answerWith(status: number, body: object): RequestListener {
  return (request, response) => {
    request.resume();
    const isQuestion = request.method === 'POST';
    response.writeHead(isQuestion ? status : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isQuestion ? body : {}));
  };
}

async function audit(t: TestContext, listener: RequestListener, environment: Readonly<Record<string, string>> = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { AUDIT_MAY_BE_UNANSWERED: _, ...rest } = process.env;
  const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const child = spawn(process.execPath, ['deploy/bundle/audit.mjs'], {
    cwd: ROOT,
    env: { ...rest, npm_config_registry: registry, npm_config_fetch_retries: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]);
  return { code: code as number, stdout, stderr };
}
