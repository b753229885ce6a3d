# Of boot_tree: inside of the namespaces; becomes the tree's systemd.
set -e
tree=$1 name=$2
mount --bind "$tree" "$tree"
cd "$tree"
mount -t proc proc "$tree/proc"
mount -t sysfs -o ro sysfs "$tree/sys"
if [ -d /sys/fs/cgroup/memory ]; then
  mount -t tmpfs -o mode=755 tmpfs "$tree/sys/fs/cgroup"
  for controller in memory pids cpu cpuacct; do
    mkdir "$tree/sys/fs/cgroup/$controller"
    mount -t cgroup -o "$controller" cgroup "$tree/sys/fs/cgroup/$controller"
  done
  mkdir "$tree/sys/fs/cgroup/systemd" "$tree/sys/fs/cgroup/unified"
  mount -t cgroup -o none,name=systemd cgroup "$tree/sys/fs/cgroup/systemd"
  mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup/unified"
else
  mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
fi
# Nodes are made, never bind-mounted: systemd changes their modes.
mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 fuse:10:229 autofs:10:235; do
  IFS=: read -r node major minor <<<"$device"
  mknod -m 666 "$tree/dev/$node" c "$major" "$minor"
done
mkdir "$tree/dev/pts" "$tree/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$tree/dev/pts"
ln -s pts/ptmx "$tree/dev/ptmx"
mount -t tmpfs tmpfs "$tree/dev/shm"
ln -s /proc/self/fd "$tree/dev/fd"
mknod -m 600 "$tree/dev/console" c 1 3
mount -t tmpfs -o mode=755 tmpfs "$tree/run"
ip link set lo up
hostname "$name"
mkdir -p "$tree/.old"
pivot_root "$tree" "$tree/.old"
cd /
umount -l /.old
# Without it LoadCredential fails with EACCES.
mount --make-rshared /
rm -f /etc/systemd/system/getty.target.wants/console-getty.service
exec env -i container="$name" container_uuid= PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal
