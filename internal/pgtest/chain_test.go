package pgtest_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestFirstWorkingStepIsUsedAndFailuresAreReported(t *testing.T) {
	t.Parallel()
	how, err := pgtest.Chain(t.Context(), "",
		pgtest.Step{Name: "one", Err: errors.New("is broken")},
		pgtest.Step{Name: "two", Source: "works"},
		pgtest.Step{Name: "three", Source: "works too"})
	require.NoError(t, err)
	require.Equal(t, "two: works; not one: is broken", how)
}

func TestErrorNamesEveryStep(t *testing.T) {
	t.Parallel()
	_, err := pgtest.Chain(t.Context(), "",
		pgtest.Step{Name: "one", Err: errors.New("is broken")},
		pgtest.Step{Name: "two", Err: errors.New("is missing")})
	require.EqualError(t, err,
		"no PostgreSQL for the tests; tried\none: is broken\ntwo: is missing")
}

func TestOnlyTheForcedStepIsTried(t *testing.T) {
	t.Parallel()
	steps := []pgtest.Step{{Name: "one", Source: "works"}, {Name: "two", Source: "works"},
		{Name: "three", Err: errors.New("is broken")}}
	how, err := pgtest.Chain(t.Context(), "two", steps...)
	require.NoError(t, err)
	require.Equal(t, "two: works", how)
	_, err = pgtest.Chain(t.Context(), "three", steps...)
	require.ErrorContains(t, err, "three: is broken")
	_, err = pgtest.Chain(t.Context(), "docker", steps...)
	require.EqualError(t, err, `PGTEST_ONLY is "docker", but must be url, container or local`)
}

func TestErrorForAnUnusableDatabaseURLDoesNotContainItsPassword(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{
		"no server":      "postgres://u:s3cret@127.0.0.1:1/db?sslmode=disable",
		"not a URL":      "postgres://u:s3cret@[/db",
		"another scheme": "mysql://u:s3cret@127.0.0.1/db",
		"unknown mode":   "postgres://u:s3cret@127.0.0.1:1/db?sslmode=perhaps",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := pgtest.Start(t.Context(), func(key string) string {
				return map[string]string{"DATABASE_URL": url}[key]
			})
			require.ErrorContains(t, err, "url: DATABASE_URL: ")
			require.NotContains(t, err.Error(), "s3cret")
			require.NotContains(t, err.Error(), "local:")
		})
	}
}

func TestImageIsThatOfTheFileUnlessTheEnvironmentNamesAnother(t *testing.T) {
	t.Parallel()
	require.Equal(t, "postgres:15-bookworm", pgtest.Image(func(string) string { return "" }))
	require.Equal(t, "other:1", pgtest.Image(func(key string) string {
		return map[string]string{"PGTEST_IMAGE": "other:1"}[key]
	}))
}

func TestEngineThatDoesNotAnswerFailsAfterTwoSeconds(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("unix", filepath.Join(sharedDir(t), "s"))
	require.NoError(t, err)
	defer silent.Close()
	begin := time.Now()
	err = pgtest.EngineAnswers(t.Context(), []string{"unix://" + silent.Addr().String()})
	require.ErrorContains(t, err, "no container engine answers")
	require.WithinRange(t, time.Now(), begin.Add(time.Second), begin.Add(5*time.Second))
}

func TestUnreachableEngineIsSkipped(t *testing.T) {
	t.Parallel()
	engine := serveUnix(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_ping" {
			http.NotFound(w, r)
		}
	}))
	require.NoError(t, pgtest.EngineAnswers(t.Context(), []string{"unix:///nowhere.sock", engine}))
}

func TestErrorNamesTheReasonForEachEngineHost(t *testing.T) {
	t.Parallel()
	broken := serveUnix(t, http.NotFoundHandler())
	err := pgtest.EngineAnswers(t.Context(),
		[]string{broken, "ssh://far/away", "unix:///nowhere.sock"})
	require.ErrorContains(t, err, broken+": 404 Not Found")
	require.ErrorContains(t, err, "ssh://far/away: not probed")
	require.ErrorContains(t, err, "unix:///nowhere.sock: ")
	require.ErrorContains(t, err, "start Docker or Podman")
}

func serveUnix(t *testing.T, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(sharedDir(t), "s"))
	require.NoError(t, err)
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return "unix://" + l.Addr().String()
}
