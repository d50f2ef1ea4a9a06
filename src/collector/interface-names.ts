import { toPrintable } from '../model/printable-text.ts';
import type { Platform } from '../platform/platform.ts';

/** What the page calls an interface of the exporter's own namespace: its name, or its index if it has none any more. */
export function createInterfaceNames(platform: Pick<Platform, 'nameOfInterface'>): (index: number) => string {
  return (index) => toPrintable(platform.nameOfInterface?.(index) ?? String(index));
}
