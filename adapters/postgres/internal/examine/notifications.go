package examine

import "github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"

// notificationChecks look for missing or disabled triggers that notify all instances about changes
// of tenants, API keys, users and members.
var notificationChecks = []check{
	// A new key or user isn't a change, so only tenants and members have a trigger for INSERT. A
	// trigger must run in ordinary sessions (tgenabled O or A).
	{"announcement_missing", doctor.SeverityError,
		"changes of this table aren't notified, so that instances use their caches for a while" +
			" longer: a revoked key, a suspended tenant", `
		SELECT 'bailiwick.' || w.relation,
		       format('DROP TRIGGER IF EXISTS %1$I ON bailiwick.%2$I; '
		           'CREATE TRIGGER %1$I AFTER %3$s ON bailiwick.%2$I %4$s '
		           'FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce(%5$s)',
		         w.name, w.relation, w.event, w.seen, w.arguments), true, false
		  FROM (SELECT of.relation, on_.event, 'announce_' || lower(on_.event COLLATE "C") AS name,
		               on_.seen, of.arguments
		          FROM (VALUES ('tenants', '''t'', ''id'''),
		                       ('api_keys', '''k'', ''id'', ''last_used_at'''),
		                       ('users', '''u'', ''id'', ''updated_at'''),
		                       ('members', '''u'', ''user_id''')) of (relation, arguments),
		               (VALUES ('INSERT', 'REFERENCING NEW TABLE AS becomes'),
		                       ('UPDATE', 'REFERENCING OLD TABLE AS was NEW TABLE AS becomes'),
		                       ('DELETE', 'REFERENCING OLD TABLE AS was'),
		                       ('TRUNCATE', '')) on_ (event, seen)
		         WHERE on_.event <> 'INSERT' OR of.relation IN ('tenants', 'members')) w
		 WHERE NOT EXISTS (SELECT FROM pg_trigger g
		                    WHERE g.tgrelid = to_regclass('bailiwick.' || w.relation) AND g.tgname = w.name
		                      AND g.tgenabled IN ('O', 'A'))`},
}
