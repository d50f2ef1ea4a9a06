import { readFileSync } from 'node:fs';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { describeOtherScheme } from './other-scheme.ts';

export interface PageOptions {
  readonly caFile: string | undefined;
  readonly insecure: boolean;
  readonly user: string | undefined;
  readonly passwordFile: string | undefined;
  readonly timeoutMs: number;
  /** Nobody waits for the page any more. */
  readonly left?: AbortSignal | undefined;
}

/** A page of an exporter with everything at its limits has 3 MB. */
const MOST_BYTES = 16 * 1024 * 1024;

/** The text of a metrics page. Throws with what is wrong: the address, the certificate, the password, the answer. */
export async function readPage(url: URL, options: PageOptions): Promise<string> {
  const late = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([late, ...(options.left ? [options.left] : [])]);
  let status: number | undefined;
  try {
    const response = await request(url, options, signal);
    status = response.statusCode;
    if (status !== 200) {
      response.destroy();
      throw new Error(describeStatus(response, options.user !== undefined));
    }
    return await readText(response);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = late.aborted
      ? `no whole answer within ${options.timeoutMs / 1000} s`
      : (describeCertificate(code, message) ?? (await describeOtherScheme(url, { code, message, status }, signal)));
    throw new Error(`${url.href} cannot be read`, { cause: reason === undefined ? error : new Error(reason) });
  }
}

function request(
  url: URL,
  { caFile, insecure, user, passwordFile }: PageOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const auth = user === undefined || passwordFile === undefined ? undefined : `${user}:${readPassword(passwordFile)}`;
  const common = {
    signal,
    headers: { accept: 'text/plain;version=0.0.4', 'user-agent': 'tcpstate-diagnose' },
    ...(auth !== undefined && { auth }),
    agent: false as const,
  };
  const tls = { rejectUnauthorized: !insecure, ...(caFile !== undefined && { ca: readOption('ca-file', caFile) }) };
  return new Promise((resolve, reject) => {
    const sent = url.protocol === 'https:' ? getHttps(url, { ...common, ...tls }) : getHttp(url, common);
    sent.once('response', resolve);
    sent.once('error', reject);
  });
}

/** A line break at the end belongs to the file, not to the password. */
function readPassword(path: string): string {
  return readOption('password-file', path).replace(/\r?\n$/, '');
}

function readOption(flag: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`--${flag}=${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Node's codes for a certificate that is not to be trusted: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function describeCertificate(code: string | undefined, message: string): string | undefined {
  return /CERT|LEAF_SIGNATURE|HOSTNAME_MISMATCH/.test(code ?? '')
    ? `${message}: give the certificate of its authority by --ca-file, or take any by --insecure`
    : undefined;
}

function describeStatus({ statusCode, statusMessage }: IncomingMessage, hasPassword: boolean): string {
  if (statusCode === 401)
    return hasPassword
      ? 'the user or the password is wrong: look at --user and --password-file (401)'
      : 'it wants a password: --user and --password-file (401)';
  if (statusCode === 404) return 'there is no such page: is the path right? (404)';
  return `the answer is ${statusCode} ${statusMessage}`;
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) {
    text += chunk;
    if (text.length > MOST_BYTES) {
      response.destroy();
      throw new Error(`the page is longer than ${MOST_BYTES} bytes`);
    }
  }
  return text;
}
