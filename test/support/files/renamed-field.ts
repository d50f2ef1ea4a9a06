import assert from 'node:assert/strict';

/** Has a program in the kernel take one field for another: their names stand in the program's BTF, which the kernel looks them up by. */
export function renameField(data: Uint8Array, field: string, other: string): Uint8Array {
  const bytes = Buffer.from(data);
  assert.ok(other.length <= field.length, `${other} has no room`);
  const at = bytes.indexOf(`\0${field}\0`);
  assert.ok(at > 0, `no ${field}`);
  bytes.fill(0, at + 1, at + 1 + field.length).write(other, at + 1, 'latin1');
  return bytes;
}
