#!/usr/bin/env bash
# Makes a container image with Debian's PostgreSQL 15 that behaves like the
# official one, for engines that reach no registry.
#
#   .ci/postgres-image.sh NAME[:TAG]
#
# Needs root, debootstrap and an engine that answers. An image of that name that
# is there already stays as it is.
set -euo pipefail

name=${1:?usage: postgres-image.sh NAME[:TAG]}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if docker image inspect "$name" >/dev/null 2>&1; then
	echo "$name is there already"
	exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

# The mirror that apt itself uses, proxies and all.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' | sed -n 1p)
debootstrap --variant=minbase --include=postgresql-15 bookworm "$root" "${mirror:-http://deb.debian.org/debian}" \
	>"$work/debootstrap.log" 2>&1 || {
	tail -n 20 "$work/debootstrap.log" >&2
	exit 1
}

# Debian creates a cluster, which isn't needed here.
rm -rf "$root"/var/lib/postgresql/15 "$root"/etc/postgresql
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/etc/ssl/private/*
rm -rf "$root"/usr/share/{doc,man,locale,info}/* "$root"/usr/lib/postgresql/15/lib/bitcode
mkdir -p "$root/docker-entrypoint-initdb.d"

mkdir "$work/context"
tar --numeric-owner -C "$root" -cf "$work/context/rootfs.tar" .
cp "$here/image/Dockerfile" "$work/context/"
install -m 0755 "$here/image/entrypoint.sh" "$work/context/"
DOCKER_BUILDKIT=0 docker build --quiet --tag "$name" "$work/context"
