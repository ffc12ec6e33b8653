#!/bin/sh
# make-root.sh DIR: makes DIR, a Debian 13 with Emscripten, all at once or not at all. Needs no root where user namespaces work.
set -eu
directory=$1
# Where Debian comes from, if not from the mirror that mmdebstrap knows.
mirror=${ATTENTION_LAB_DEBIAN_MIRROR:+"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $ATTENTION_LAB_DEBIAN_MIRROR trixie main"}
exec 9>"$directory.lock"
echo "waiting for another run that makes $directory"
flock 9
[ ! -d "$directory" ] || exit 0

partial=$directory.partial
rm -rf "$partial"
mkdir "$partial"

# Left out: Emscripten's libraries for link-time optimisation, threads and sanitizers, more than half of its size.
# Safe without fsync: an interrupted run leaves nothing but $partial.
libraries=/usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten
debian() {
  mmdebstrap --variant=apt --include=emscripten,libeigen3-dev,doctest-dev,cmake,ninja-build \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt=force-unsafe-io \
    --dpkgopt="path-exclude=$libraries/*/*" --dpkgopt="path-exclude=$libraries/*-mt*" \
    --dpkgopt="path-exclude=$libraries/*-ww*" --dpkgopt="path-exclude=$libraries/*san*" \
    trixie "$@" ${mirror:+"$mirror"} 9>&-
}

if [ "$(id -u)" = 0 ]; then
  debian "$partial"
else
  # By way of an archive, so that an ordinary user owns every file and may delete it; a named one, for a pipe would hide
  # the failure of its first command.
  TMPDIR=${TMPDIR:-/var/tmp} debian - >"$directory.tar"
  tar --extract --no-same-owner --exclude='./dev/*' --directory="$partial" --file="$directory.tar"
  rm "$directory.tar"
fi
mkdir -p "$partial/dev" "$partial/proc"
mv "$partial" "$directory"
