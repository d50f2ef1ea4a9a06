import { toPrintable } from '../../../model/printable-text.ts';

/** Longer names are cut: a path can have 4 KB, and the page repeats each name once per state. */
const MAX_LENGTH = 120;

/**
 * Name of the unit or container that a cgroup2 path belongs to. Guarantees: never empty, at most 120 characters.
 *
 * - A container is its id in short form (12 hex digits, as Docker and crictl print it), or its name where the path has
 *   one (LXC, nspawn, libvirt). The innermost container counts.
 * - A systemd unit is its innermost service, scope, socket or mount, so that a user's services count, not his user manager. Inside a
 *   container it stands behind the container's name (`web/nginx.service`): each has an nginx.service of its own.
 * - A cgroup that is neither has its innermost slice's name, else its path: `/batch/worker`.
 * - The root cgroup is `/`: sockets of the kernel itself, and of processes that nobody put into a cgroup.
 */
export function unitOfPath(path: string): string {
  const found: Found = { container: undefined, unit: undefined, slice: undefined };
  let parent = '';
  for (const escaped of path.split('/')) {
    if (escaped === '') continue;
    const component = unescapeName(escaped);
    note(component, parent, found);
    parent = component;
  }
  return shorten(toPrintable(nameOf(found) ?? (path || '/')));
}

interface Found {
  container: string | undefined;
  unit: string | undefined;
  slice: string | undefined;
}

function nameOf({ container, unit, slice }: Found): string | undefined {
  if (container !== undefined) return unit === undefined ? container : `${container}/${unit}`;
  return unit ?? slice;
}

function note(component: string, parent: string, found: Found): void {
  const container = containerOf(component, parent, found.unit !== undefined);
  if (container !== undefined) {
    found.container = container;
    found.unit = undefined;
    return;
  }
  if (component.endsWith('.slice')) found.slice = component;
  const unit = unitOf(component);
  // below user@1000.service, init.scope is that manager itself
  if (unit !== undefined && !(unit === 'init.scope' && found.unit !== undefined)) found.unit = unit;
}

/**
 * Container runtimes name the cgroup after the 64-digit id: bare, `docker-<id>.scope`, `crio-<id>`,
 * `slice:cri-containerd:<id>`.
 */
const CONTAINER_ID = /^(|.*[-:_])([0-9a-f]{12})[0-9a-f]{52}(?:\.scope)?$/;
/** systemd-nspawn and libvirt register their scope with systemd-machined. */
const MACHINE = /^(?:machine-.+\.scope|systemd-nspawn@.+\.service)$/;

const LXC_PAYLOAD = 'lxc.payload.';

function containerOf(component: string, parent: string, isInUnit: boolean): string | undefined {
  const match = CONTAINER_ID.exec(component);
  if (match !== null) {
    const [, prefix, id] = match as unknown as [string, string, string];
    if (prefix.endsWith('conmon-')) return undefined;
    // podman --cgroups=split (Quadlet): the service's name outlives the container's id
    if (prefix === 'libpod-payload-' && isInUnit) return undefined;
    return id;
  }
  if (MACHINE.test(component)) return component;
  if (component.length > LXC_PAYLOAD.length && component.startsWith(LXC_PAYLOAD))
    return component.slice(LXC_PAYLOAD.length);
  return parent === 'lxc' ? component : undefined;
}

/** The kinds of units that have processes (systemd.unit(5)), besides slices. */
const UNIT = /\.(?:service|scope|socket|mount|swap)$/;
const UUID_SUFFIX = /-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\.(?:service|scope)$)/;

function unitOf(component: string): string | undefined {
  const match = CONTAINER_ID.exec(component);
  if (match?.[1]?.endsWith('conmon-')) return `conmon-${match[2]}`;
  if (component.startsWith('lxc.monitor.')) return component;
  // snap and the desktops create a scope per start: without its id the name is one series
  return UNIT.test(component) ? component.replace(UUID_SUFFIX, '') : undefined;
}

/** systemd writes odd characters as \x2d (systemd.unit(5)), and `_` before a name the kernel could take for its own file. */
function unescapeName(component: string): string {
  const name = /^_.*\.(?:service|scope|slice|socket|mount|swap)$/.test(component) ? component.slice(1) : component;
  if (!name.includes('\\x')) return name;
  return name.replace(/(?:\\x[0-9a-f]{2})+/g, (run) => Buffer.from(run.replaceAll('\\x', ''), 'hex').toString('utf8'));
}

function shorten(name: string): string {
  return name.length <= MAX_LENGTH ? name : `…${name.slice(1 - MAX_LENGTH)}`;
}
