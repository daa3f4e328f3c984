package apicall_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
)

// read calls an API of one handler.
func read(t *testing.T, api http.HandlerFunc, use func(io.Reader) error) error {
	t.Helper()
	w := httptest.NewRecorder()
	c := apicall.New(api, "", httptest.NewRequest(http.MethodGet, "/", nil))
	err := c.Read(context.Background(), w, apicall.Call{Path: "/x"}, use)
	require.Zero(t, w.Body.Len())
	return err
}

func TestReadGivesTheBodyAsItComes(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	var got []string
	err := read(t, func(w http.ResponseWriter, _ *http.Request) {
		for _, part := range []string{"one", "two"} {
			_, _ = io.WriteString(w, part)
			got = append(got, <-next)
		}
	}, func(body io.Reader) error {
		for range 2 {
			part := make([]byte, 3)
			if _, err := io.ReadFull(body, part); err != nil {
				return err
			}
			next <- string(part)
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"one", "two"}, got)
}

func TestReadReturnsTheProblem(t *testing.T) {
	t.Parallel()
	err := read(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"code":"forbidden","detail":"no"}`)
	}, func(body io.Reader) error {
		text, err := io.ReadAll(body)
		require.Empty(t, text)
		return err
	})
	require.Equal(t, "forbidden", apicall.ProblemOf(err).Code)
}

func TestReadOfACutOffAnswerIsAnError(t *testing.T) {
	t.Parallel()
	err := read(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	}, func(body io.Reader) error {
		_, err := io.Copy(io.Discard, body)
		require.ErrorIs(t, err, apicall.ErrCutOff)
		return nil
	})
	require.ErrorIs(t, err, apicall.ErrCutOff)
}

func TestReadEndsTheAnswerWhenItsReaderFails(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong")
	ended := false
	err := read(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := io.WriteString(w, "more"); err != nil {
				ended = true
				panic(http.ErrAbortHandler)
			}
		}
	}, func(io.Reader) error { return wrong })
	require.ErrorIs(t, err, wrong)
	require.True(t, ended)
}

func TestReadDropsWhatItsReaderLeaves(t *testing.T) {
	t.Parallel()
	err := read(t, func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.WriteString(w, strings.Repeat("x", 1<<20))
		require.NoError(t, err)
	}, func(io.Reader) error { return nil })
	require.NoError(t, err)
}

func TestPanicOfTheAPIIsOneOfRead(t *testing.T) {
	t.Parallel()
	readerEnded := false
	require.PanicsWithValue(t, "broken", func() {
		_ = read(t, func(http.ResponseWriter, *http.Request) { panic("broken") },
			func(body io.Reader) error {
				_, err := io.Copy(io.Discard, body)
				readerEnded = true
				return err
			})
	})
	require.True(t, readerEnded)
}

func TestPanicOfTheReaderIsAnErrorOfRead(t *testing.T) {
	t.Parallel()
	err := read(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "body")
	}, func(io.Reader) error { panic("broken reader") })
	require.ErrorContains(t, err, "broken reader")
}
