#!/usr/bin/env bash
# Puts Debian trixie's PostgreSQL 17 into a folder, so that its programs run there on
# a system with an older C library.
#
#   .ci/postgres-17.sh DIR       the programs are in DIR/usr/lib/postgresql/17/bin
#
# Needs root, mmdebstrap and patchelf. A folder that has the programs stays as it is.
set -euo pipefail

root=${1:?usage: postgres-17.sh DIR}
bin=$root/usr/lib/postgresql/17/bin

if "$bin/postgres" --version 2>/dev/null; then
	exit 0
fi

# The mirror that apt itself uses, proxies and all.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 '/debian/*$' || true)
mkdir -p "$root"
mmdebstrap --quiet --variant=apt --include=postgresql-17 \
	--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	trixie "$root" "${mirror:-http://deb.debian.org/debian}"
chmod 0755 "$root" # PostgreSQL runs as another user

# The programs find their loader and their libraries in the folder, not in the system.
lib=$root/usr/lib/$(uname -m)-linux-gnu
loader=$(find "$root/usr/lib" "$root/usr/lib64" -name 'ld-linux*.so.*' | head -n 1)
for program in "$bin"/*; do
	patchelf --print-interpreter "$program" >/dev/null 2>&1 || continue # a script
	patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$lib" "$program"
done
"$bin/postgres" --version
