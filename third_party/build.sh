# How the scripts of this tree call Bazel; they source it:
#
#   . third_party/build.sh
#   build_begin            sets $tree, the folder that is built, and $as_user, in front of what an ordinary user is to run
#   build_bazel ARGS…      Bazel in $tree; ends up in $as_user's hands
#   build_end              ends the Bazel server, unless it ran before
#
# An ordinary user builds where the tree stands. Root does not: it passes every permission check, so tests would prove
# nothing; and others cannot read below /root. For root a copy of the tree in /var/cache/tegodrop-build belongs to `nobody`
# and is built by it; what was built stays there for the next time, as it stays in ~/.cache/bazel for anybody else.

build_begin() {
  local top
  top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
  if [ "$(id -u)" -eq 0 ]; then
    _build_copy "$top"
  else
    tree=$top
    as_user=(env)
    _build_startup=()
    local base=${HOME:-}/.cache/bazel/_bazel_${USER:-$(id -un)}
    _build_pid_file=$base/$(printf %s "$tree" | md5sum | cut -d ' ' -f 1)/server/server.pid.txt
  fi
  _build_server_ran=no
  if [ -f "$_build_pid_file" ] && [ -d "/proc/$(cat "$_build_pid_file")" ]; then _build_server_ran=yes; fi
}

_build_copy() {
  local top=$1 home
  home=/var/cache/tegodrop-build/$(printf %s "$top" | md5sum | cut -c 1-12)
  install -d -m 755 /var/cache/tegodrop-build "$home"
  install -d -m 755 -o nobody -g nogroup "$home/home" "$home/out"
  # One script at a time; the lock ends with this shell. Bazel's server does not inherit it.
  exec {_build_lock}>"$home/lock"
  if ! flock -n "$_build_lock"; then
    echo "waiting for another build of $top" >&2
    flock "$_build_lock"
  fi
  printf '%s\n' "$top" >"$home/of"
  _build_forget
  rm -rf "$home/new"
  install -d -m 755 -o nobody -g nogroup "$home/new"
  as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all
    env "HOME=$home/home" USER=nobody LOGNAME=nobody)
  tar -C "$top" --exclude=./.git --exclude='./bazel-*' -cf - . | "${as_user[@]}" tar -C "$home/new" -xf - --no-same-owner
  chmod 755 "$home/new"
  rm -rf "$home/tree"
  mv "$home/new" "$home/tree"
  tree=$home/tree
  _build_startup=("--output_user_root=$home/out")
  _build_pid_file=$home/out/$(printf %s "$tree" | md5sum | cut -d ' ' -f 1)/server/server.pid.txt
}

# Builds of trees that are gone, as clones for one CI run are, would fill the disk one by one.
_build_forget() {
  local of
  for of in /var/cache/tegodrop-build/*/of; do
    if [ -e "$of" ] && [ ! -d "$(cat "$of")" ] && flock -n "${of%of}lock" true; then rm -rf "${of%/of}"; fi
  done
}

build_bazel() {
  if [ -n "${_build_lock:-}" ]; then
    (cd "$tree" && "${as_user[@]}" bazel "${_build_startup[@]}" "$@" {_build_lock}>&-)
  else
    (cd "$tree" && bazel "$@")
  fi
}

build_end() {
  if [ "${_build_server_ran:-yes}" = no ]; then build_bazel shutdown >/dev/null 2>&1 || true; fi
}
