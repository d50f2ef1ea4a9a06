#!/bin/busybox sh
# The first process of a guest: the exporter with both programs, connections whose number is known, and what page, ss and kernel say of them.
export PATH=/bin
busybox mkdir -p /proc /sys /dev /tmp /sys/fs/cgroup
busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t cgroup2 cgroup /sys/fs/cgroup
ulimit -n 65536
# The second serial line is a file that nothing else writes to: the kernel's own messages, on the first one, would cut lines in two.
stty -F /dev/ttyS1 raw -echo; exec > /dev/ttyS1
say() { printf '\n== %s\n' "$1"; }
say kernel; uname -r
for module in inet_diag tcp_diag; do insmod /modules/$module.ko; done
ip link set lo up
node /app/dist/main.js --web.listen-address=127.0.0.1:10048 --collector.connection_events --log.format=json > /tmp/log 2>&1 &
page() { wget -q -O - http://127.0.0.1:10048/"$1"; }
tries=0
until page -/ready > /dev/null 2>&1 || [ $tries = 240 ]; do sleep 1; tries=$((tries + 1)); done
connection-maker serve srv 127.0.0.1 9001 client > /tmp/srv &
until grep -q listening /tmp/srv; do sleep 0.1; done
netstat() { grep ^TcpExt: /proc/net/netstat; }
say before; netstat
page metrics > /dev/null
connection-maker call shop 127.0.0.1 9001 300 close > /tmp/shop
connection-maker call cron 127.0.0.1 9999 20 close > /tmp/cron
connection-maker call held 127.0.0.1 9001 50 keep > /tmp/held &
until grep -q end /tmp/held; do sleep 0.1; done
sleep 1
for round in 1 2 3 4 5 6 7; do page metrics > /tmp/page; done
say after; netstat
say sockstat; cat /proc/net/sockstat
say ss; ss -Htan
say page; cat /tmp/page
say log; cat /tmp/log
say end
poweroff -f
