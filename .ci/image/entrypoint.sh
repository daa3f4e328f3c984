#!/bin/sh
# Entry point of the PostgreSQL image for tests. It takes the official image's
# settings: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, PGDATA and the
# scripts in /docker-entrypoint-initdb.d.
set -eu

case "${1:-postgres}" in
-*) set -- postgres "$@" ;;
esac
[ $# -gt 0 ] || set -- postgres

# PostgreSQL refuses to run as root: become its user once the folder is theirs.
if [ "$1" = postgres ] && [ "$(id -u)" -eq 0 ]; then
	install -d -o postgres -g postgres -m 0700 "$PGDATA"
	install -d -o postgres -g postgres -m 0775 /var/run/postgresql
	exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

sql() {
	PGPASSWORD=$POSTGRES_PASSWORD psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 \
		-h /var/run/postgresql -U "$user" "$@"
}

# The first server listens on its socket only, so that a client over the
# network never meets a half-made database.
prepare() {
	: "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}"
	(umask 077 && printf '%s\n' "$POSTGRES_PASSWORD" >/tmp/password)
	initdb --no-sync -D "$PGDATA" -U "$user" --pwfile=/tmp/password \
		-A scram-sha-256 -E UTF8 --locale=C.UTF-8
	rm /tmp/password
	echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
	pg_ctl -w -D "$PGDATA" -o "-c listen_addresses='' -c unix_socket_directories=/var/run/postgresql" start
	[ "$database" = postgres ] ||
		sql -d postgres -v name="$database" <<-'SQL'
			CREATE DATABASE :"name";
		SQL
	for script in /docker-entrypoint-initdb.d/*; do
		case "$script" in
		*.sh) . "$script" ;;
		*.sql) sql -d "$database" -f "$script" ;;
		esac
	done
	pg_ctl -w -D "$PGDATA" -m fast stop
}

if [ "$1" = postgres ]; then
	[ -s "$PGDATA/PG_VERSION" ] || prepare
	shift
	set -- postgres -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql "$@"
fi
exec "$@"
