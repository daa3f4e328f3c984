package isolationtest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	bothWalls   = isolationtest.BothWalls
	filterAlone = isolationtest.FilterAlone
	policyAlone = isolationtest.PolicyAlone
)

// Each case breaks one wall of a new database after the library has checked it, and the proof
// must find it. (Rows that raw SQL deletes in the first round can't be found in the last.)
func TestBrokenWallIsFound(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]struct {
		change string
		finds  []breach
	}{
		"policy that admits every row": {
			"ALTER POLICY bailiwick_tenant ON notes USING (true) WITH CHECK (true)",
			[]breach{
				{attack: "SQL: SELECT, by id", on: "notes", walls: bothWalls},
				{attack: "SQL: SELECT FOR UPDATE", on: "notes", walls: bothWalls},
				{attack: "SQL: UPDATE, by id", on: "notes", walls: bothWalls},
				{attack: "SQL: DELETE", on: "notes", walls: bothWalls},
				{attack: "SQL: join", on: "notes", walls: bothWalls},
				{attack: "SQL: cursor", on: "notes", walls: bothWalls},
				{attack: "SQL: INSERT for the other", on: "notes", walls: bothWalls},
				{attack: "SQL: INSERT … SELECT", on: "notes", walls: bothWalls},
				{attack: "builder: SELECT", on: "noteRow", walls: policyAlone},
				{attack: "builder: INSERT, UPDATE", on: "noteRow", walls: policyAlone},
				{attack: "ports", on: "note", walls: policyAlone},
				{attack: "routes: resources", on: "GET /api/v1/notes", walls: policyAlone},
				{attack: "after all", on: "notes", walls: bothWalls},
			}},
		"policy of a join table that admits every row": {
			"ALTER POLICY bailiwick_tenant ON note_shelves USING (true)", []breach{
				{attack: "SQL: SELECT, by id", on: "note_shelves", walls: bothWalls},
			}},
		"policy that checks reads only": {
			"ALTER POLICY bailiwick_tenant ON folders WITH CHECK (true)",
			[]breach{
				{attack: "SQL: UPDATE that gives", on: "folders", walls: bothWalls},
				{attack: "SQL: INSERT for the other", on: "folders", walls: bothWalls},
			}},
		"policy dropped": {"DROP POLICY bailiwick_tenant ON folders; ALTER TABLE folders DISABLE" +
			" ROW LEVEL SECURITY", []breach{
			{attack: "SQL: SELECT, by id", on: "folders", walls: bothWalls},
			{attack: "SQL: as the owner", on: "folders", walls: bothWalls},
		}},
		"policy that hides every row": {"DROP POLICY bailiwick_tenant ON folders", []breach{
			{attack: "before all", on: "folders", reason: "none of its own rows", walls: bothWalls},
		}},
		"undeclared table without row security": {
			"ALTER TABLE visits DISABLE ROW LEVEL SECURITY", []breach{
				{attack: "SQL: SELECT, by id", on: "visits", walls: bothWalls},
				{attack: "SQL: INSERT for the other", on: "visits", walls: bothWalls},
			}},
		"no FORCE": {"ALTER TABLE note_shelves NO FORCE ROW LEVEL SECURITY", []breach{
			{attack: "SQL: as the owner", on: "note_shelves", reason: "FORCE", walls: bothWalls},
		}},
		"table of a superuser": {"ALTER TABLE visits OWNER TO CURRENT_USER", []breach{
			{attack: "SQL: as the owner", on: "visits", reason: "plain role", walls: bothWalls},
		}},
		"foreign key without the tenant": {
			`ALTER TABLE folders ADD CONSTRAINT folders_id UNIQUE (id);
			ALTER TABLE notes DROP CONSTRAINT notes_folder;
			ALTER TABLE notes ADD CONSTRAINT notes_folder
				FOREIGN KEY (folder_id) REFERENCES folders (id)`, []breach{
				{attack: "SQL: foreign keys", on: "notes notes_folder", walls: bothWalls},
				{attack: "SQL: unique keys", on: "folders folders_id", walls: bothWalls},
			}},
		"unique key without the tenant": {
			"ALTER TABLE folders DROP CONSTRAINT folders_name; CREATE UNIQUE INDEX folders_name" +
				" ON folders (name)", []breach{
				{attack: "SQL: unique keys", on: "folders folders_name", walls: bothWalls},
			}},
		"unique key on an expression": {
			"CREATE UNIQUE INDEX visits_words ON visits (lower(code))", []breach{
				{attack: "SQL: unique keys", on: "visits visits_code", walls: bothWalls},
			}},
		"view with its owner's rights": {"GRANT SELECT ON drafts TO bailiwick_app", []breach{
			{attack: "SQL: SELECT, by id", on: "drafts", walls: bothWalls},
		}},
		"audit log that can be altered": {
			"GRANT UPDATE ON bailiwick.audit TO bailiwick_app; GRANT DELETE ON" +
				" bailiwick.audit_rest TO bailiwick_app", []breach{
				{attack: "SQL: the audit log, altered", reason: "UPDATE bailiwick.audit SET",
					on: "bailiwick.audit", walls: bothWalls},
				{attack: "SQL: the audit log, altered", reason: "DELETE FROM bailiwick.audit_rest",
					on: "bailiwick.audit", walls: bothWalls},
			}},
		"audit log that the application writes for the platform": {
			"GRANT EXECUTE ON FUNCTION bailiwick.log_platform(uuid, jsonb) TO bailiwick_app",
			[]breach{
				{attack: "SQL: the audit log, an entry", reason: "log_platform",
					on: "bailiwick.audit", walls: bothWalls},
			}},
		"TRUNCATE granted": {"GRANT TRUNCATE ON note_shelves TO bailiwick_app", []breach{
			{attack: "SQL: COPY, TRUNCATE", on: "note_shelves", walls: policyAlone},
		}},
		"policy that checks no signature": {
			`CREATE TABLE doors (tenant_id uuid PRIMARY KEY, note text NOT NULL);
			ALTER TABLE doors OWNER TO bailiwick_owner;
			ALTER TABLE doors ENABLE ROW LEVEL SECURITY;
			ALTER TABLE doors FORCE ROW LEVEL SECURITY;
			GRANT SELECT ON doors TO bailiwick_app;
			CREATE POLICY own ON doors USING (tenant_id::text =
				split_part(current_setting('bailiwick.tenant', true), '.', 1))`, []breach{
				{attack: "SQL: another tenant's setting", on: "doors", walls: bothWalls},
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, broken.change)
			m, err := isolationtest.Examine(t.Context(), db, reader(db), isolationtest.Options{})
			require.NoError(t, err)
			for _, want := range broken.finds {
				requireBreach(t, m, want)
			}
		})
	}
}

// rawReport adds a route of the host whose statement has no filter.
func rawReport(db *postgres.DB, next http.Handler) http.Handler {
	return withRoute(next, "/api/v1/report", func(w http.ResponseWriter, r *http.Request) {
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		hash, err := tenancy.HashKeySecret(token)
		if err != nil {
			http.Error(w, "unauthenticated", http.StatusUnauthorized)
			return
		}
		key, err := db.Services().KeyFinder.Find(r.Context(), hash)
		if err != nil {
			http.Error(w, "unauthenticated", http.StatusUnauthorized)
			return
		}
		ctx := tenancy.NewContext(r.Context(), key.Tenant)
		var texts []string
		if err := db.Scoped(ctx).NewRaw("SELECT text FROM notes ORDER BY text").
			Scan(ctx, &texts); err != nil {
			http.Error(w, "the notes can't be read", http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(texts)
	})
}

// withRoute adds a route to the handler and to its document.
func withRoute(next http.Handler, path string, serve http.HandlerFunc) http.Handler {
	next = document(next, func(paths map[string]any) {
		paths[path] = map[string]any{"get": map[string]any{"tags": []string{"reports"}}}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			serve(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func TestRouteWithoutFilterIsFound(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	m, err := isolationtest.Examine(t.Context(), db, rawReport(db, reader(db)),
		isolationtest.Options{})
	require.NoError(t, err)
	requireBreach(t, m, breach{attack: "routes: reports", on: "/api/v1/report",
		reason: "of the other tenant shows", walls: filterAlone})
	for _, b := range m.Breaches {
		require.False(t, b.Attack == "routes: reports" && b.Walls != filterAlone,
			"row security alone stops the attack: %s", b)
	}
}

// cached caches responses by URL, without the tenant.
func cached(next http.Handler) http.Handler {
	var mu sync.Mutex
	kept := map[string]*httptest.ResponseRecorder{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		answer := kept[r.URL.String()]
		if answer == nil || r.Method != http.MethodGet {
			answer = httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			if r.Method == http.MethodGet {
				kept[r.URL.String()] = answer
			}
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = bytes.NewReader(answer.Body.Bytes()).WriteTo(w)
	})
}

func TestCacheWithoutTenantIsFound(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	m, err := isolationtest.Examine(t.Context(), db, cached(reader(db)), isolationtest.Options{})
	require.NoError(t, err)
	for _, walls := range []isolationtest.Walls{bothWalls, filterAlone, policyAlone} {
		requireBreach(t, m, breach{attack: "routes: resources", on: "GET /api/v1/notes",
			walls: walls})
	}
}

// foreignCursors accepts cursors of any tenant.
func foreignCursors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if cursor := query.Get("cursor"); cursor != "" && !strings.HasPrefix(cursor, "AAAA") {
			query.Del("cursor")
			r.URL.RawQuery = query.Encode()
		}
		next.ServeHTTP(w, r)
	})
}

func TestAcceptedCursorOfAnotherTenantIsFound(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	m, err := isolationtest.Examine(t.Context(), db, foreignCursors(reader(db)),
		isolationtest.Options{})
	require.NoError(t, err)
	requireBreach(t, m, breach{attack: "routes: resources", on: "the other tenant's cursor",
		walls: bothWalls})
}

// telling adds headers to the response if any tenant has the name.
func telling(url string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := strings.CutPrefix(r.URL.Path, "/api/v1/notes/"); ok {
			err := exec(r.Context(), url, "SELECT 1 / (SELECT count(*) FROM notes WHERE title = '"+
				strings.ReplaceAll(name, "'", "''")+"')")
			if err == nil {
				w.Header().Set("X-Taken", "yes")
				w.Header().Set("ETag", `"1"`)
			}
		}
		next.ServeHTTP(w, r)
	})
}

func TestHeaderThatShowsAnotherTenantsNameIsFound(t *testing.T) {
	t.Parallel()
	db, url := openURL(t, "")
	m, err := isolationtest.Examine(t.Context(), db, telling(url, handler(db)),
		isolationtest.Options{})
	require.NoError(t, err)
	for _, shown := range []string{"X-Taken", `Etag: "1"`} {
		requireBreach(t, m, breach{attack: "routes: resources",
			on: "GET /api/v1/notes/{name} with the other tenant's name", reason: shown,
			walls: bothWalls})
	}
}
