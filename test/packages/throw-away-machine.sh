# Boots systemd as process 1 over a copy of this machine that forgets everything: an overlay of / in namespaces of its own.
# Runs in a cgroup of its own, below: unshare --mount --pid --fork --net --ipc --uts --cgroup.
# Arguments: an empty folder, and the folder that the machine sees as /mnt.
set -e
folder=$1
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
root=$folder/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for place in dev run tmp; do mount -t tmpfs tmpfs "$root/$place"; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount --bind "$2" "$root/mnt"
# Where it is installed, services of packages shall start.
rm -f "$root/usr/sbin/policy-rc.d"
units=$root/run/systemd/system
mkdir -p "$units/tcpstate-exporter.service.d" "$units/tcpstate-exporter.socket.d"
printf '[Unit]\nDefaultDependencies=no\n' > "$units/machine.target"
cp "$units/machine.target" "$units/tcpstate-exporter.socket.d/machine.conf"
# Without the journal and the rest of a boot, which this is not about.
printf '[Unit]\nDefaultDependencies=no\n[Service]\nStandardError=append:/run/exporter.log\n' \
  > "$units/tcpstate-exporter.service.d/machine.conf"
ip link set lo up
export container=test
cd /
exec chroot "$root" /lib/systemd/systemd --system --unit=machine.target --log-target=null --show-status=0
