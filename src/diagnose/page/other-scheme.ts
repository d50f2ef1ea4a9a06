import { isIP } from 'node:net';
import { connect } from 'node:tls';

/**
 * Why a request failed, where http:// was asked of a port with TLS or https:// of one without: neither says so itself, a server with
 * TLS just hangs up. undefined: it is something else. `status`: of an answer that came.
 */
export async function describeOtherScheme(
  url: URL,
  failed: { readonly code?: string | undefined; readonly message?: string; readonly status?: number | undefined },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { code = '', message = '', status } = failed;
  if (url.protocol === 'https:') {
    // a line of HTTP, read as the beginning of a TLS record, has neither its version nor its length
    const isPlain = /wrong version number|packet length too long|unknown protocol/i.test(message);
    return isPlain ? `there is no TLS on this port: give --url=http://${url.host}` : undefined;
  }
  const mayBeTls = status === 400 || ['ECONNRESET', 'EPIPE'].includes(code) || code.startsWith('HPE_');
  const isTls = mayBeTls && (await speaksTls(url, signal));
  return isTls ? `this port wants TLS: give --url=https://${url.host}` : undefined;
}

/** Whether a handshake succeeds; whose certificate it is does not matter here. */
function speaksTls({ hostname, port }: URL, signal: AbortSignal): Promise<boolean> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: Number(port || 80),
      rejectUnauthorized: false,
      ...(isIP(host) === 0 && { servername: host }),
    });
    const end = (isTls: boolean) => {
      signal.removeEventListener('abort', giveUp);
      socket.destroy();
      resolve(isTls);
    };
    const giveUp = () => end(false);
    signal.addEventListener('abort', giveUp);
    socket.once('secureConnect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    if (signal.aborted) giveUp();
  });
}
