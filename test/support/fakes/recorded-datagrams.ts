/** The datagrams of a recorded dump, each behind its length of 32 bits. */
export function splitDatagrams(file: Buffer): Buffer[] {
  const datagrams: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at);
    datagrams.push(file.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return datagrams;
}
