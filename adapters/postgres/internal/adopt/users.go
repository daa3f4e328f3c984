package adopt

import (
	"context"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// triggerFunc is a trigger function that exists while the old version runs.
type triggerFunc struct{ name, create string }

// triggerFunction defines a function that runs with its owner's rights, since the old version's
// role may lack them. Only triggers can call it.
func triggerFunction(name, body string) triggerFunc {
	return triggerFunc{name, "CREATE FUNCTION bailiwick." + name +
		"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER" +
		" SET search_path = pg_catalog, pg_temp AS $adoption$\nBEGIN\n" +
		body + "\nEND $adoption$"}
}

// recordUntenantedWrite records a session that writes without a tenant, at most once a second
// for each table, which keeps its cost low.
const recordUntenantedWrite = `  IF coalesce(current_setting('bailiwick.stray_' || TG_RELID, true), '')
      < floor(extract(epoch FROM clock_timestamp()))::text THEN
    PERFORM set_config('bailiwick.stray_' || TG_RELID,
      floor(extract(epoch FROM clock_timestamp()))::text, false);
    INSERT INTO bailiwick.strays
      (relation, pid, application, role, client, statement, seen_at)
    VALUES (TG_RELID, pg_backend_pid(), current_setting('application_name'), session_user,
      coalesce(host(inet_client_addr()), 'local'), left(current_query(), 200), clock_timestamp())
    ON CONFLICT (relation, pid) DO UPDATE SET application = excluded.application,
      role = excluded.role, client = excluded.client, statement = excluded.statement,
      seen_at = excluded.seen_at;
  END IF;
  RETURN NULL;`

func (e *Engine) functions() []triggerFunc {
	all := []triggerFunc{
		triggerFunction("adoption_stray", recordUntenantedWrite),
		triggerFunction("adoption_fill", "  NEW.tenant_id := "+sqltext.Literal(e.spec.Tenant)+
			";\n  RETURN NEW;"),
	}
	if p := e.spec.Users; p != nil {
		all = append(all, triggerFunction("adoption_person", e.userBody(*p)))
	}
	if k := e.spec.Keys; k != nil {
		all = append(all, triggerFunction("adoption_key", e.keyBody(*k)))
	}
	return all
}

// uuidOf returns SQL that makes a uuid of a key column's value: the value if it is a uuid, and
// otherwise one made from its MD5.
func uuidOf(of, column string) string {
	value := of + "." + sqltext.Quote(column)
	return "CASE WHEN pg_typeof(" + value + ") = 'uuid'::regtype THEN " + value +
		"::text ELSE md5('bailiwick ' || " + value + "::text) END::uuid"
}

// roleOf returns SQL for the role of an administrator or any other user.
func roleOf(of, admin string) string {
	return "CASE WHEN " + of + "." + sqltext.Quote(admin) + " THEN 'admin' ELSE 'editor' END"
}

// userBody is the function that copies a change of the old version's users to bailiwick.users
// and bailiwick.members.
func (e *Engine) userBody(p Users) string {
	return fmt.Sprintf(`  IF TG_OP = 'DELETE' THEN
    DELETE FROM bailiwick.members WHERE user_id = %[1]s;
    DELETE FROM bailiwick.users WHERE id = %[1]s;
    RETURN NULL;
  END IF;
  UPDATE bailiwick.users SET email = NEW.%[3]s, name = NEW.%[4]s, password_hash = NEW.%[5]s,
    updated_at = now() WHERE id = %[2]s;
  IF NOT FOUND THEN
    INSERT INTO bailiwick.users (id, email, name, password_hash)
    VALUES (%[2]s, NEW.%[3]s, NEW.%[4]s, NEW.%[5]s) ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO bailiwick.members (tenant_id, user_id, role)
    SELECT %[6]s, u.id, %[7]s FROM bailiwick.users u WHERE u.id = %[2]s
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role;
%[8]s  RETURN NULL;`, uuidOf("OLD", p.ID), uuidOf("NEW", p.ID), sqltext.Quote(p.Email),
		sqltext.Quote(p.Name), sqltext.Quote(p.Password), sqltext.Literal(e.spec.Tenant),
		roleOf("NEW", p.Admin), e.keyRoles(p))
}

// keyRoles is the statement that gives a user's keys the user's new role.
func (e *Engine) keyRoles(p Users) string {
	k := e.spec.Keys
	if k == nil {
		return ""
	}
	return fmt.Sprintf("  UPDATE bailiwick.api_keys b SET role = %s FROM %s k WHERE k.%s = NEW.%s"+
		" AND b.hash = k.%s;\n",
		roleOf("NEW", p.Admin), sqltext.Qualified(k.Schema, k.Table),
		sqltext.Quote(k.User), sqltext.Quote(p.ID), sqltext.Quote(k.Hash))
}

// keyBody is the function that copies a change of the old version's keys to
// bailiwick.api_keys. A revoked key is deleted there.
func (e *Engine) keyBody(k Keys) string {
	revoked := "false"
	if k.RevokedAt != "" {
		revoked = "NEW." + sqltext.Quote(k.RevokedAt) + " IS NOT NULL"
	}
	return fmt.Sprintf(`  IF TG_OP <> 'INSERT' THEN
    DELETE FROM bailiwick.api_keys WHERE tenant_id = %[1]s AND hash = OLD.%[2]s
      AND (TG_OP = 'DELETE' OR %[3]s OR OLD.%[2]s <> NEW.%[2]s);
  END IF;
  IF TG_OP = 'DELETE' OR %[3]s OR octet_length(NEW.%[2]s) <> 32 THEN
    RETURN NULL;
  END IF;
  INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash, created_at)
    SELECT %[1]s, %[4]s, NEW.%[5]s, %[6]s, NEW.%[2]s, NEW.%[7]s
    FROM %[8]s u WHERE u.%[9]s = NEW.%[10]s
    ON CONFLICT (hash) DO UPDATE SET name = excluded.name, role = excluded.role;
  RETURN NULL;`, sqltext.Literal(e.spec.Tenant), sqltext.Quote(k.Hash), revoked,
		uuidOf("NEW", k.ID), sqltext.Quote(k.Name), roleOf("u", e.spec.Users.Admin),
		sqltext.Quote(k.CreatedAt), sqltext.Qualified(e.spec.Users.Schema, e.spec.Users.Table),
		sqltext.Quote(e.spec.Users.ID), sqltext.Quote(k.User))
}

// userSteps copy users and their keys: existing rows in batches, and later changes of the old
// version by a trigger.
func (e *Engine) userSteps() []step {
	var steps []step
	if p := e.spec.Users; p != nil {
		columns := []string{p.Email, p.Name, p.Password, p.Admin}
		steps = append(steps, e.mirror("users", sqltext.Qualified(p.Schema, p.Table),
			"adoption_person", columns, e.copyUsers))
	}
	if k := e.spec.Keys; k != nil {
		columns := []string{k.User, k.Name, k.Hash}
		if k.RevokedAt != "" {
			columns = append(columns, k.RevokedAt)
		}
		steps = append(steps, e.mirror("keys", sqltext.Qualified(k.Schema, k.Table), "adoption_key",
			columns, e.copyKeys))
	}
	return steps
}

const mirrorTrigger = "bailiwick_adoption"

// mirror is the step for one table of users or keys. The trigger comes before the copy, so that
// no change is missed between the two.
func (e *Engine) mirror(
	what, table, function string, columns []string,
	copyRows func(context.Context, *Engine, func(int64)) error,
) step {
	return step{name: what + " " + table, phase: adoption.Expand,
		up: func(s *state) []action {
			if e.allContracted(s) {
				return nil
			}
			var actions []action
			if !s.mirrored[table] {
				actions = append(actions,
					txAction(shareRowExcl, table, "CREATE TRIGGER "+mirrorTrigger+
						" AFTER INSERT OR DELETE OR UPDATE OF "+quoted(columns)+" ON "+table+
						" FOR EACH ROW EXECUTE FUNCTION bailiwick."+function+"()"))
			}
			if !s.copied[table] {
				actions = append(actions, action{sql: []string{"-- copy " + table + " in batches"},
					lock: "ROW SHARE", on: table, rows: s.uncopied[table], work: copyRows})
			}
			return actions
		},
		down: func(s *state) []action { return s.dropMirror(table) }}
}

func (s *state) dropMirror(table string) []action {
	if !s.mirrored[table] {
		return nil
	}
	return []action{txAction(accessExcl, table, "DROP TRIGGER "+mirrorTrigger+" ON "+table)}
}

// cleanupSteps remove the triggers and functions that only the old version needs.
func (e *Engine) cleanupSteps() []step {
	return []step{{name: "adoption triggers", phase: adoption.Contract,
		up: func(s *state) []action {
			var actions []action
			for _, table := range sortedNames(s.mirrored) {
				actions = append(actions, s.dropMirror(table)...)
			}
			return append(actions, e.dropFunctions(s)...)
		},
		down: func(*state) []action { return nil }}} // Expand creates them again
}

// readUsers reads which tables have the mirror trigger, and how many of their rows aren't copied
// yet. Before the adoption has started, the library's tables may not exist: all rows count.
func (e *Engine) readUsers(s *state, query func(dest any, statement string) error) error {
	s.mirrored, s.uncopied = map[string]bool{}, map[string]int64{}
	readTable := func(table, notCopied string) error {
		var hasTrigger bool
		var uncopied int64
		if err := query(&hasTrigger,
			"SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass("+
				sqltext.Literal(table)+
				") AND tgname = "+sqltext.Literal(mirrorTrigger)+")"); err != nil {
			return err
		}
		if hasTrigger {
			s.mirrored[table] = true
		}
		var exists bool
		err := query(&exists, "SELECT to_regclass("+sqltext.Literal(table)+") IS NOT NULL")
		if err != nil || !exists {
			return err
		}
		if s.copied[table] { // rows deleted since then must not be copied again
			return nil
		}
		if !s.recorded {
			notCopied = "true"
		}
		err = query(&uncopied, "SELECT count(*) FROM "+table+" o WHERE "+notCopied)
		s.uncopied[table] = uncopied
		return err
	}
	if p := e.spec.Users; p != nil {
		if err := readTable(sqltext.Qualified(p.Schema, p.Table),
			userMissing(*p)); err != nil {
			return err
		}
	}
	if k := e.spec.Keys; k != nil {
		return readTable(sqltext.Qualified(k.Schema, k.Table), keyMissing(*k))
	}
	return nil
}

// userMissing returns the condition that the user o of the old version isn't copied yet.
func userMissing(p Users) string {
	return "NOT EXISTS (SELECT FROM bailiwick.users b WHERE b.id = " + uuidOf("o", p.ID) + ")"
}

// keyMissing returns the condition that the key o of the old version isn't copied yet and can
// be: its hash is 32 bytes and it isn't revoked.
func keyMissing(k Keys) string {
	conditions := []string{"octet_length(o." + sqltext.Quote(k.Hash) + ") = 32",
		"NOT EXISTS (SELECT FROM bailiwick.api_keys b WHERE b.hash = o." + sqltext.Quote(k.Hash) +
			")"}
	if k.RevokedAt != "" {
		conditions = append(conditions, "o."+sqltext.Quote(k.RevokedAt)+" IS NULL")
	}
	return strings.Join(conditions, " AND ")
}
