import type { FuzzTarget } from '../target.ts';
import { CONFIG } from './config.ts';
import { CONFIG_FILE } from './config-file.ts';
import { DIAGNOSE } from './diagnose.ts';
import { HTTP } from './http.ts';
import { KERNEL_WALK } from './kernel-walk.ts';
import { LIVE_PAGE } from './live-page.ts';
import { MODEL } from './model.ts';
import { NETLINK } from './netlink.ts';
import { NETNS } from './netns.ts';
import { PAGE } from './page.ts';
import { PROC_NET_TCP } from './proc-net-tcp.ts';
import { PROC_TEXTS } from './proc-texts.ts';
import { PROCESSES } from './processes.ts';
import { WEB_CONFIG } from './web-config.ts';
import { WINDOWS_STRUCTS } from './windows-structs.ts';
import { WINDOWS_TABLES } from './windows-tables.ts';
import { WINDOWS_TEXTS } from './windows-texts.ts';

/** Every decoder and parser, by the name that `--target` takes. */
export const TARGETS: Readonly<Record<string, FuzzTarget>> = {
  ...NETLINK,
  ...KERNEL_WALK,
  ...PROC_NET_TCP,
  ...PROC_TEXTS,
  ...NETNS,
  ...PROCESSES,
  ...MODEL,
  ...WINDOWS_TABLES,
  ...WINDOWS_STRUCTS,
  ...WINDOWS_TEXTS,
  ...HTTP,
  ...WEB_CONFIG,
  ...CONFIG,
  ...CONFIG_FILE,
  ...DIAGNOSE,
  ...PAGE,
  ...LIVE_PAGE,
};
