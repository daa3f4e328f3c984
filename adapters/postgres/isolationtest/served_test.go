package isolationtest_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
)

// The standard library has no method for it: a version of Go in which the patterns are stored
// elsewhere fails here.
func TestEveryPatternOfAServeMuxIsFound(t *testing.T) {
	t.Parallel()
	patterns := []string{"/", "/{$}", "GET /a", "POST /a", "/a/{x}", "/a/{x}/b", "/a/{x}/{y...}",
		"GET /a/{x}/c", "host.example/a", "GET host.example/{x}/d", "/many/0", "/tree/", "/b/{x}/z/{$}"}
	for _, letter := range "abcdefghijklmnopqrstuvwxyz" { // many children are stored in another way
		patterns = append(patterns, "/many/"+string(letter), "DELETE /many/"+string(letter)+"/{id}")
	}
	mux := http.NewServeMux()
	for _, p := range patterns {
		mux.HandleFunc(p, http.NotFound)
	}
	found, err := isolationtest.PatternsOf(mux)
	require.NoError(t, err)
	slices.Sort(patterns)
	require.Equal(t, patterns, found)
	served, err := isolationtest.ServedBy(mux) // asks the mux for each
	require.NoError(t, err)
	require.Len(t, served, len(patterns))
}

func TestRoutesOfMountedRoutersAreFoundBelowTheirPattern(t *testing.T) {
	t.Parallel()
	inner := http.NewServeMux()
	inner.HandleFunc("GET /in/{id}", http.NotFound)
	inner.HandleFunc("GET /out", http.NotFound) // isn't reachable
	mux := http.NewServeMux()
	mux.Handle("/in/", inner)
	mux.Handle("/api/", lister{"GET /api/x", "GET /livez"})
	mux.Handle("/opaque/", http.StripPrefix("/opaque", inner))
	found, err := isolationtest.ServedBy(mux)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"GET /in/{id}", "GET /api/x", "/opaque/"}, found)

	_, err = isolationtest.ServedBy(http.NotFoundHandler())
	require.EqualError(t, err, "http.HandlerFunc doesn't tell its routes")
}

// lister tells its routes.
type lister []string

func (l lister) Routes() []string                             { return l }
func (l lister) ServeHTTP(http.ResponseWriter, *http.Request) {}

// brokenLister has a method Routes with another meaning.
type brokenLister struct{ http.Handler }

func (brokenLister) Routes() []struct{ Path string } { return nil }

func TestOtherMethodRoutesIsNoList(t *testing.T) {
	t.Parallel()
	_, err := isolationtest.ServedBy(brokenLister{})
	require.ErrorContains(t, err, "doesn't tell its routes")
}

func TestNeighbourSortsNextToItsValue(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"name-them-abc": "name-them-ab7", "name-them-ab7": "name-them-ab6", "12": "1000012",
		"01a22cf7-84df-768d-bc66-a7762e1023eb": "01a22cf7-84df-768d-bc66-a7762e1023e7",
	} {
		require.Equal(t, want, isolationtest.Neighbour(value))
	}
}
