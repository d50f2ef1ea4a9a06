/**
 * A decimal number as the kernel prints it, up to 64 bits; beyond 2^53 the nearest double. Throws for anything else;
 * `where` names file and place in that error.
 */
export function parseKernelInteger(text: string, where: string): number {
  const value = /^-?\d{1,20}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || Math.abs(value) > 2 ** 64)
    throw new Error(`${where}: not an integer: "${text.slice(0, 40)}"`);
  return value;
}

/**
 * Like `parseKernelInteger`, but undefined for a negative number, which means "no value" in the kernel (MaxConn −1).
 */
export function parseKernelCount(text: string, where: string): number | undefined {
  const value = parseKernelInteger(text, where);
  return value < 0 ? undefined : value;
}
