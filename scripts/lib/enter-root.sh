#!/bin/sh
# enter-root.sh WAY ROOT CLONE CMD…: runs CMD in the file system ROOT, in the folder CLONE, which is the same inside and outside.
#   root  mounts, in a mount namespace of its own        user  the same without privileges, in a user namespace
#   copy  where neither is allowed (a plain container, as root): the sources are copied in and build/ is copied back
set -eu
way=$1 root=$2 clone=$3
shift 3
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TMPDIR=/tmp
# Debian's Node would warn about a file that is not inside.
unset NODE_EXTRA_CA_CERTS
export ROOT="$root" CLONE="$clone"

inside='cd "$CLONE" && exec "$@"'
mounted='
  mkdir -p "$ROOT$CLONE"
  mount --rbind "$CLONE" "$ROOT$CLONE"
  mount --rbind /dev "$ROOT/dev"
  mount --rbind /proc "$ROOT/proc"
  exec chroot "$ROOT" sh -c "$0" sh "$@"'

case $way in
  root) exec unshare --mount --propagation private sh -c "$mounted" "$inside" "$@" ;;
  user) exec unshare --user --map-root-user --mount --propagation private sh -c "$mounted" "$inside" "$@" ;;
  copy)
    mkdir -p "$ROOT$CLONE/build" "$CLONE/build"
    for name in CMakeLists.txt CMakePresets.json cpp tests scripts; do
      rm -rf "${ROOT:?}$CLONE/$name"
      [ ! -e "$CLONE/$name" ] || cp -a "$CLONE/$name" "$ROOT$CLONE/$name"
    done
    status=0
    chroot "$ROOT" sh -c "$inside" sh "$@" || status=$?
    cp -a "$ROOT$CLONE/build/." "$CLONE/build/"
    exit $status
    ;;
esac
