package promote_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestExportIsCompleteBundle(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	acme := r.tenant("acme")
	r.put(acme, "maker", "ada", `{"description":"first"}`)
	r.put(acme, "widget", "lamp", `{"maker":"ada"}`)

	got := federation.ReadBundle(bytes.NewReader(r.export(acme)))
	var names []string
	for item, err := range got.Items() {
		require.NoError(t, err)
		names = append(names, item.Kind+"/"+item.Name)
	}
	require.Equal(t, []string{"maker/ada", "settings/default", "widget/lamp"}, names)
	require.Equal(t, federation.Source{Instance: r.services.Instance, Tenant: "acme"},
		got.Manifest().Source)
	require.Equal(t, 3, got.Manifest().Count)
}

func TestExportsOfUnchangedTenantAreEqual(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	acme := r.tenant("acme")
	r.put(acme, "part", "screw", `{"weight":0.25}`)
	require.Equal(t, string(r.export(acme)), string(r.export(acme)))
}

func TestExportContainsOnlySelectedKinds(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	acme := r.tenant("acme")
	r.put(acme, "maker", "ada", `{}`)
	r.put(acme, "part", "screw", `{}`)

	exported, err := r.service.Export(t.Context(), acme, ports.Selection{Kinds: []string{"part"}})
	require.NoError(t, err)
	defer exported.Close()
	require.Equal(t, 1, exported.Count)

	_, err = r.service.Export(t.Context(), acme, ports.Selection{Kinds: []string{"ship"}})
	require.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err))
}

// A large export uses a temporary file, whose name is removed before anything is
// written to it.
func TestLargeExportCanBeWrittenTwiceAndLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	r := newRig(t)
	acme := r.tenant("acme")
	long := strings.Repeat("x", 400_000)
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		r.put(acme, "maker", name, `{"description":"`+long+`"}`)
	}
	r.put(acme, "maker", "huge", `{"description":"`+strings.Repeat(long, 4)+`"}`)

	exported, err := r.service.Export(t.Context(), acme, ports.Selection{})
	require.NoError(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "the temporary file has a name")
	var first, second bytes.Buffer
	_, err = exported.WriteTo(&first)
	require.NoError(t, err)
	_, err = exported.WriteTo(&second)
	require.NoError(t, err)
	require.EqualValues(t, exported.Size, first.Len())
	require.True(t, bytes.Equal(first.Bytes(), second.Bytes()))
	require.NoError(t, exported.Close())
	require.NoError(t, exported.Close(), "closing again does nothing")

	globex := r.tenant("globex")
	r.loadFrom(globex, &first, promote.Options{})
	require.Equal(t, r.items(acme), r.items(globex))
}

func TestExportReturnsErrorOfStore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	acme := r.tenant("acme")
	lost := errors.New("the connection was lost")
	services := r.services
	services.Transfers = brokenExport{Transfers: services.Transfers, err: lost}
	exported, err := promote.New(services).Export(t.Context(), acme, ports.Selection{})
	require.ErrorIs(t, err, lost)
	require.Nil(t, exported)
}

func TestRefusedExportSaysWhetherItNamesEveryUnfitItem(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for items, truncated := range map[int]bool{1: false, 100: false, 101: true, 150: true} {
		services := r.services
		services.Transfers = unfitExport{Transfers: services.Transfers, items: items}
		_, err := promote.New(services).Export(t.Context(), tenancy.Tenant{}, ports.Selection{})
		var e *tenancy.Error
		require.ErrorAs(t, err, &e)
		require.Len(t, e.Details, min(items, 100))
		require.Equal(t, "/maker/m000/updated_at", e.Details[0].Path)
		require.Equal(t, truncated, e.Members["truncated"] == true, "%d items", items)
	}
}

func TestWriteToReturnsErrorOfWriter(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	exported, err := r.service.Export(t.Context(), r.tenant("acme"), ports.Selection{})
	require.NoError(t, err)
	defer exported.Close()
	full := &fullWriter{room: 20}
	n, err := exported.WriteTo(full)
	require.ErrorIs(t, err, io.ErrShortWrite)
	require.EqualValues(t, 20, n)
}

func TestNewRefusesMissingPorts(t *testing.T) {
	t.Parallel()
	services := newRig(t).services
	for message, broken := range map[string]func(*ports.Services){
		"promote.New: missing: Services.Kinds":     func(s *ports.Services) { s.Kinds = nil },
		"promote.New: missing: Services.Transfers": func(s *ports.Services) { s.Transfers = nil },
		"promote.New: missing: Services.Tenants":   func(s *ports.Services) { s.Tenants = nil },
		"promote.New: missing: Services.Instance":  func(s *ports.Services) { s.Instance = "" },
	} {
		s := services
		broken(&s)
		require.PanicsWithValue(t, message, func() { promote.New(s) })
	}
	require.PanicsWithValue(t, "promote.New: missing: Services.Kinds, Services.Transfers,"+
		" Services.Tenants, Services.Instance", func() { promote.New(ports.Services{}) })
}

// fullWriter accepts room bytes.
type fullWriter struct{ room int }

func (w *fullWriter) Write(p []byte) (int, error) {
	if len(p) <= w.room {
		w.room -= len(p)
		return len(p), nil
	}
	n := w.room
	w.room = 0
	return n, io.ErrShortWrite
}
