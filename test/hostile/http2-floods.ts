import { connect } from 'node:tls';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const [DATA, HEADERS, RESET, SETTINGS, PING, CONTINUATION] = [0, 1, 3, 4, 6, 9];
const [END_STREAM, END_HEADERS] = [1, 4];
const CANCEL = Buffer.from([0, 0, 0, 8]);

/** RFC 9113: the n-th frames of a flood. */
export const FLOODS: Readonly<Record<string, (n: number) => Buffer>> = {
  'streams opened and reset': (n) =>
    Buffer.concat([
      frame(HEADERS, END_STREAM | END_HEADERS, streamOf(n), request()),
      frame(RESET, 0, streamOf(n), CANCEL),
    ]),
  'streams that ask for pages': (n) => frame(HEADERS, END_STREAM | END_HEADERS, streamOf(n), request()),
  'streams whose pages cannot be sent': (n) =>
    n === 0
      ? frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))
      : frame(HEADERS, END_STREAM | END_HEADERS, streamOf(n), request()),
  'headers without an end': (n) =>
    n === 0 ? frame(HEADERS, END_STREAM, 1, request()) : frame(CONTINUATION, 0, 1, literal(`x${n}`, 'y'.repeat(1000))),
  'more headers than allowed': (n) =>
    frame(
      HEADERS,
      END_STREAM | END_HEADERS,
      streamOf(n),
      Buffer.concat([request(), ...Array(800).fill(literal('x', ''))]),
    ),
  pings: () => frame(PING, 0, 0, Buffer.alloc(8)),
  settings: () => frame(SETTINGS, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100])),
  'empty data': (n) => (n === 0 ? frame(HEADERS, END_HEADERS, 1, request()) : frame(DATA, 0, 1)),
  garbage: () => Buffer.alloc(500, 0xff),
};

/** Sends a flood over one connection that is not read, until all is sent or the server closes it. */
export function flood(port: number, frames: (n: number) => Buffer, count: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false }, async () => {
      socket.write(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0)]));
      for (let sent = 0; sent < count && !socket.destroyed; sent += 100) {
        socket.write(Buffer.concat(Array.from({ length: 100 }, (_, index) => frames(sent + index))));
        await new Promise((next) => setTimeout(next, 5));
      }
      socket.destroy();
    });
    socket.on('error', () => {}).on('close', () => resolve());
  });
}

function streamOf(n: number): number {
  return 2 * n + 1;
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** GET https /metrics; RFC 7541: two indexed fields, then literals that are not kept. */
function request(): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x87]), literal(':path', '/metrics'), literal(':authority', 'a')]);
}

function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), lengthAndText(name), lengthAndText(value)]);
}

/** An integer with a prefix of 7 bits, then the text. */
function lengthAndText(text: string): Buffer {
  const length = [];
  if (text.length < 127) length.push(text.length);
  else {
    length.push(127);
    let rest = text.length - 127;
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), Buffer.from(text)]);
}
