#!/bin/sh
# make-root.sh DIR: makes DIR, a Debian 13 with Emscripten, all at once or not at all. Needs no root where user namespaces work.
# The file system comes as an archive, so that an ordinary user owns every file and may delete it.
set -eu
directory=$1
mirror=${ATTENTION_LAB_DEBIAN_MIRROR:-http://deb.debian.org/debian}
exec 9>"$directory.lock"
echo "waiting for another run that makes $directory"
flock 9
[ -d "$directory" ] && exit 0

partial=$directory.partial
chmod -R u+rwX "$partial" 2>/dev/null || true
rm -rf "$partial" "$directory.failed"
mkdir "$partial"
# A pipe hides the failure of its first command: a file tells it.
{ TMPDIR=${TMPDIR:-/var/tmp} mmdebstrap --variant=apt --format=tar \
    --include=emscripten,libeigen3-dev,doctest-dev,cmake,ninja-build \
    --aptopt='APT::Install-Recommends "false"' trixie - \
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" 9>&- || touch "$directory.failed"; } |
  tar --extract --no-same-owner --exclude='./dev/*' --directory="$partial"
if [ -e "$directory.failed" ]; then
  rm -rf "$partial" "$directory.failed"
  exit 1
fi
mkdir -p "$partial/dev" "$partial/proc"
mv "$partial" "$directory"
