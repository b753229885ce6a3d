# Of boot_tree: control groups of its own, then namespaces of its own, then box_inner.sh.
set -e
for controller in memory pids cpu cpuacct systemd unified; do
  [ -d "/sys/fs/cgroup/$controller" ] || continue
  mkdir -p "/sys/fs/cgroup/$controller/$2"
  echo $$ >"/sys/fs/cgroup/$controller/$2/cgroup.procs"
done
exec unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup --propagation private /bin/bash "$3" "$1" "$2"
