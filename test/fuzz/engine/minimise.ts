/** Inputs tried before it is left at that. */
const MOST_TRIES = 2000;

/** A shorter input that still fails, by leaving out smaller and smaller pieces, then by making bytes equal. */
export async function minimise(input: Buffer, fails: (input: Buffer) => Promise<boolean>): Promise<Buffer> {
  let best = input;
  let tries = 0;
  const attempt = async (candidate: Buffer) => {
    if (++tries > MOST_TRIES || candidate.equals(best) || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && tries < MOST_TRIES; ) {
      if (!(await attempt(Buffer.concat([best.subarray(0, at), best.subarray(at + size)])))) at += size;
    }
  }
  for (let at = 0; at < best.length && tries < MOST_TRIES; at++) {
    const plainer = Buffer.from(best);
    plainer[at] = 0x30;
    await attempt(plainer);
  }
  return best;
}
