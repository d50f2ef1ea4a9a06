// The health check of the container image, which has no curl: exit code 0 while /-/healthy answers, else 1 and the reason.
// It asks where TCPSTATE_WEB_LISTEN_ADDRESS says; who sets the flag instead, or TLS, names the URL as an argument.
import { get as getPlain } from 'node:http';
import { get as getOverTls } from 'node:https';

const [address] = (process.env.TCPSTATE_WEB_LISTEN_ADDRESS || ':10048').split(',');
const url = new URL(process.argv[2] ?? `http://${address.trim().replace(/^:/, '127.0.0.1:')}/-/healthy`);
// Nothing secret is sent, and the certificate is seldom made out to this address.
const request = (url.protocol === 'https:' ? getOverTls : getPlain)(url, { rejectUnauthorized: false, timeout: 3000 });
request.on('timeout', () => request.destroy(new Error('no answer within 3 s')));
request.on('error', (error) => finish(1, error.message));
// Who is asked for a password has reached a server that runs.
request.on('response', ({ statusCode }) => finish(statusCode === 200 || statusCode === 401 ? 0 : 1, `${statusCode}`));

function finish(code, reason) {
  if (code !== 0) process.stderr.write(`${url.href}: ${reason}\n`);
  process.exit(code);
}
