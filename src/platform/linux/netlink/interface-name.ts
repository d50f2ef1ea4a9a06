import type { Libc } from '../libc/libc.ts';

const IF_NAMESIZE = 16;

/** Name of an interface of this network namespace (man 3 if_indextoname); undefined if no interface has this index. */
export function readInterfaceName(libc: Libc, index: number): string | undefined {
  const name = Buffer.alloc(IF_NAMESIZE);
  if (!libc.if_indextoname?.(index, name)) return undefined;
  return name.toString('utf8', 0, name.indexOf(0));
}
