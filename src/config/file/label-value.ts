import { quoteValue } from '../refusal.ts';
import { type Field, readText, refuseField } from './yaml-field.ts';

/** What stands on the page as the value of a label. `reserved`: what means something else there. */
export function readLabelValue(field: Field, reserved: readonly string[]): string {
  const name = field.value === undefined ? '' : readText(field);
  if (reserved.includes(name))
    throw refuseField(field, `cannot be called "${name}": that is what has no series, or no name, of its own`);
  if (/^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u.test(name)) return name;
  throw refuseField(field, `cannot be called "${quoteValue(name)}": give 1 to 64 characters that can be seen`);
}
