/** An input in pieces, each behind its length of 16 bits, as several datagrams or files are given in one input. */
export function splitPieces(input: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 2 <= input.length; ) {
    const length = input.readUInt16LE(at);
    pieces.push(input.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return pieces;
}

export function joinPieces(pieces: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) => {
      const bytes = Buffer.from(piece as Uint8Array);
      const length = Buffer.alloc(2);
      length.writeUInt16LE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
}
