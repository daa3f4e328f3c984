package isolationtest_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// notesHost is a host that serves the table notes.
type notesHost struct {
	db  *postgres.DB
	url string // the superuser's, for broken routes
	api *httpapi.API
	mux *http.ServeMux
}

// newNotesHost serves the library's routes, of which the document names two.
func newNotesHost(t *testing.T) *notesHost {
	t.Helper()
	db, url := openURL(t, "")
	h := &notesHost{db: db, url: url, api: handler(db), mux: http.NewServeMux()}
	h.mux.Handle("/api/v1/", reader(db))
	return h
}

type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// protect adds a route behind the library's checks.
func (h *notesHost) protect(pattern string, needs tenancy.Permission, serve handlerFunc) {
	h.mux.Handle(pattern, h.api.Protect(needs, h.answer(serve)))
}

// answer answers 404 for an error: the tests' handlers meet no other.
func (h *notesHost) answer(serve handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := serve(w, r); err != nil {
			http.Error(w, "no such note", http.StatusNotFound)
		}
	})
}

func (h *notesHost) addSound() []string {
	read, write := tenancy.ResourceRead, tenancy.ResourceWrite
	h.protect("GET /notes", read, h.list)
	h.protect("GET /notes/{id}", read, h.get)
	h.protect("POST /notes/{id}/finish", write, h.finish)
	h.protect("DELETE /notes/{id}/shelves", write, h.clear)
	h.protect("POST /notes", write, h.create)
	h.protect("GET /folders/{folder}/notes/{id}", read, h.get)
	return []string{"GET /notes", "GET /notes/{id}", "POST /notes/{id}/finish",
		"DELETE /notes/{id}/shelves", "POST /notes", "GET /folders/{folder}/notes/{id}"}
}

func (h *notesHost) list(w http.ResponseWriter, r *http.Request) error {
	var notes []noteRow
	query := h.db.Scoped(r.Context()).NewSelect().Model(&notes).Order("title").
		Where("title > ?", r.URL.Query().Get("after"))
	if err := query.Scan(r.Context()); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(notes)
}

func (h *notesHost) get(w http.ResponseWriter, r *http.Request) error {
	var found noteRow
	err := h.db.Scoped(r.Context()).NewSelect().Model(&found).
		Where("id::text = ?", r.PathValue("id")).Scan(r.Context())
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(found)
}

func (h *notesHost) finish(_ http.ResponseWriter, r *http.Request) error {
	return one(h.db.Scoped(r.Context()).NewUpdate().Model((*noteRow)(nil)).
		Set("state = 'done', text = text || '!'").
		Where("id::text = ?", r.PathValue("id")).Exec(r.Context()))
}

func (h *notesHost) clear(_ http.ResponseWriter, r *http.Request) error {
	return one(h.db.Scoped(r.Context()).NewDelete().Table("note_shelves").
		Where("note_id::text = ?", r.PathValue("id")).Exec(r.Context()))
}

func one(result interface{ RowsAffected() (int64, error) }, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, errors.New("none"))
	}
	return nil
}

func (h *notesHost) create(w http.ResponseWriter, r *http.Request) error {
	var sent struct {
		Title    string
		Text     string
		FolderID *uuid.UUID `json:"folder_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		return err
	}
	made := noteRow{Title: sent.Title, Text: sent.Text, State: "draft", FolderID: sent.FolderID}
	_, err := h.db.Scoped(r.Context()).NewInsert().Model(&made).Exec(r.Context())
	if err != nil {
		http.Error(w, "refused", http.StatusConflict)
		return nil
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

var noteBodies = map[string]string{"POST /notes": `{"title": "new", "text": "from a tenant"}`}

func TestSoundHostRoutesHaveNoBreach(t *testing.T) {
	t.Parallel()
	h := newNotesHost(t)
	routes := h.addSound()
	m := isolationtest.Prove(t, h.db, h.mux,
		isolationtest.Options{Routes: routes, Bodies: noteBodies})
	require.True(t, m.Held())
	require.Equal(t, 2+len(routes), m.Routes)
	for _, row := range m.Rows {
		if row.Attack == "routes: the host's own" {
			require.Greater(t, row.Cells[bothWalls].Attacks, 100)
			require.Greater(t, row.Cells[filterAlone].Attacks, 100)
		}
	}
}

// Each of the routes has one fault.
func TestFaultOfAHostRouteIsFoundAndNamesIt(t *testing.T) {
	t.Parallel()
	h := newNotesHost(t)
	faults := h.addFaulty()
	var routes []string
	for _, f := range faults {
		if !slices.Contains(routes, f.route) {
			routes = append(routes, f.route)
		}
	}
	routes = append(routes, "POST /assigned") // shows nothing, and changes the victim's rows
	m, err := isolationtest.Examine(t.Context(), h.db, h.mux,
		isolationtest.Options{Routes: routes, BaseDomain: "notes.example.com"})
	require.NoError(t, err)
	for _, f := range faults {
		requireBreach(t, m, breach{attack: "routes: the host's own", on: f.route + " " + f.on,
			reason: f.reason, walls: bothWalls})
	}
	requireBreach(t, m, breach{attack: "after all of these", on: "notes", walls: bothWalls})
}

type fault struct{ route, on, reason string }

func (h *notesHost) addFaulty() []fault {
	read := tenancy.ResourceRead
	h.protect("GET /everything", read, func(w http.ResponseWriter, r *http.Request) error {
		return h.superuser(r.Context(), w, "TRUE")
	})
	h.mux.Handle("GET /open", h.answer(func(w http.ResponseWriter, r *http.Request) error {
		_, err := w.Write([]byte("hello"))
		return err
	}))
	h.protect("POST /notes/{id}/finish", read, h.finish)
	h.protect("GET /notes/{id}/exists", read, h.exists)
	h.mux.Handle("GET /trusting", h.answer(h.trusting(func(r *http.Request) string {
		return r.Header.Get("X-Tenant-ID")
	})))
	h.mux.Handle("GET /last", h.answer(h.trusting(func(r *http.Request) string {
		all := r.Header.Values("X-Tenant-ID")
		return all[len(all)-1]
	})))
	h.mux.Handle("GET /query", h.answer(h.trusting(func(r *http.Request) string {
		return r.URL.Query().Get("tenant_id")
	})))
	h.mux.Handle("GET /host", h.answer(h.trusting(func(r *http.Request) string {
		slug, _, _ := strings.Cut(r.Host, ".")
		found, err := h.db.Tenants().BySlug(r.Context(), tenancy.Slug(slug))
		if err != nil {
			return ""
		}
		return found.ID.String()
	})))
	h.protect("POST /assigned", tenancy.ResourceWrite, h.assigned)
	h.protect("GET /notes/{id}/missing", read,
		func(http.ResponseWriter, *http.Request) error { return errors.New("none") })
	h.protect("POST /refused", tenancy.ResourceWrite,
		func(http.ResponseWriter, *http.Request) error { return errors.New("none") })
	return []fault{
		{"GET /everything", "for the attacker's own item", "of the other tenant shows"},
		{"GET /open", "with no credentials", "it is served, with 200"},
		{"POST /notes/{id}/finish", "with a viewer's key", "changed rows of notes"},
		{"GET /notes/{id}/exists", "with the other tenant's id in the path", "X-Exists"},
		{"GET /trusting", "with the key of a suspended tenant", "it is served"},
		{"GET /trusting", "with the other tenant's id in X-Tenant-ID", "of the other tenant shows"},
		{"GET /last", "with its own tenant, then the other", "of the other tenant shows"},
		{"GET /query", "with the other tenant's value in tenant_id", "of the other tenant shows"},
		{"GET /host", "with the other tenant's subdomain", "of the other tenant shows"},
		{"GET /notes/{id}/missing", "for the attacker's own item", "its own tenant with 404"},
		{"POST /refused", "for the attacker's own item", "Options.Bodies"},
	}
}

// trusting believes what a request says of its tenant, if it has any key.
func (h *notesHost) trusting(named func(r *http.Request) string) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.Header.Get("Authorization") == "" {
			http.Error(w, "unauthenticated", http.StatusUnauthorized)
			return nil
		}
		tenant, err := tenancy.ParseID(named(r))
		if err != nil {
			return nil
		}
		return h.superuser(r.Context(), w, "tenant_id = '"+tenant.String()+"'")
	}
}

// superuser answers the texts of notes, whatever the tenant.
func (h *notesHost) superuser(ctx context.Context, w http.ResponseWriter, where string) error {
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(h.url)))
	defer db.Close()
	var texts string
	err := db.QueryRowContext(ctx, "SELECT coalesce(string_agg(text, ' '), '') FROM notes WHERE "+
		where).Scan(&texts)
	if err != nil {
		return err
	}
	_, err = w.Write([]byte(texts))
	return err
}

// exists answers whether any tenant has the note.
func (h *notesHost) exists(w http.ResponseWriter, r *http.Request) error {
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(h.url)))
	defer db.Close()
	var n int
	if err := db.QueryRowContext(r.Context(), "SELECT count(*) FROM notes WHERE id::text = $1",
		r.PathValue("id")).Scan(&n); err != nil {
		return err
	}
	if n > 0 {
		w.Header().Set("X-Exists", "yes")
	}
	return nil
}

// assigned writes for the tenant in the body.
func (h *notesHost) assigned(_ http.ResponseWriter, r *http.Request) error {
	var sent struct {
		Tenant string `json:"tenant_id"`
	}
	_ = json.NewDecoder(r.Body).Decode(&sent)
	tenant, err := tenancy.ParseID(sent.Tenant)
	if err != nil {
		return nil
	}
	return exec(r.Context(), h.url, "UPDATE notes SET text = 'taken' WHERE tenant_id = '"+
		tenant.String()+"'")
}

func TestRouteThatNobodyListedIsNamed(t *testing.T) {
	t.Parallel()
	h := newNotesHost(t)
	inner := http.NewServeMux()
	inner.HandleFunc("/reports/{year}", http.NotFound)
	h.mux.Handle("/reports/", inner)
	h.mux.HandleFunc("DELETE host.example.com/cache", http.NotFound)
	h.mux.HandleFunc("/static/", http.NotFound)
	h.mux.HandleFunc("GET /api/v1/extra", http.NotFound)
	h.mux.HandleFunc("/{$}", http.NotFound)
	m, err := isolationtest.Examine(t.Context(), h.db, h.mux, isolationtest.Options{
		Skip: map[string]string{"/static/": "files", "GET /{$}": "a page"}})
	require.NoError(t, err)
	var found []string
	for _, b := range m.Breaches {
		require.Contains(t, b.Reason, "no attack knows the route")
		found = append(found, b.On)
	}
	require.ElementsMatch(t, []string{"/reports/{year}", "DELETE /cache", "GET /api/v1/extra"}, found)
}

func TestHandlerThatDoesNotTellItsRoutesIsABreachUntilItsRouterIsGiven(t *testing.T) {
	t.Parallel()
	h := newNotesHost(t)
	h.mux.HandleFunc("GET /notes", http.NotFound)
	m, err := isolationtest.Examine(t.Context(), h.db, wrapped(h.mux), isolationtest.Options{})
	require.NoError(t, err)
	requireBreach(t, m, breach{attack: "routes: each that is served", on: "http.HandlerFunc",
		reason: "Options.Router", walls: bothWalls})

	_, err = isolationtest.Examine(t.Context(), newNotesHost(t).db, wrapped(h.mux),
		isolationtest.Options{Router: h.mux, Skip: map[string]string{"GET /note": "renamed"}})
	require.ErrorContains(t, err, `["GET /note"]`)
}

func wrapped(next http.Handler) http.Handler {
	return http.HandlerFunc(next.ServeHTTP)
}

func TestHostRoutesThatDoNotExistAreAnError(t *testing.T) {
	t.Parallel()
	h := newNotesHost(t)
	h.addSound()
	for name, c := range map[string]struct {
		options isolationtest.Options
		text    string
	}{
		"another path": {isolationtest.Options{Routes: []string{"GET /note", "GET /notes"}},
			`Options.Routes names ["GET /note"], which the handler doesn't serve`},
		"another method": {isolationtest.Options{Routes: []string{"PATCH /notes"}}, `["PATCH /notes"]`},
		"no method":      {isolationtest.Options{Routes: []string{"/notes"}}, "a method and a path"},
		"body of none": {isolationtest.Options{Bodies: map[string]string{"POST /note": "{}"}},
			`Options.Bodies names "POST /note"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := isolationtest.Examine(t.Context(), h.db, h.mux, c.options)
			require.ErrorContains(t, err, c.text)
		})
	}
}
