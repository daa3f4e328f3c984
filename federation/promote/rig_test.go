package promote_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// testingT is the part of a test that the rig uses; rapid.T implements it too.
type testingT interface {
	require.TestingT
	Helper()
}

// rig is a test rig: an installation in memory and a service that uses it.
type rig struct {
	t        testingT
	ctx      func() context.Context
	services ports.Services
	service  *promote.Service
}

func newRig(t *testing.T) rig { return newRigFor(t, t) }

// newRigFor returns a rig that reports failures to t, which belongs to parent.
func newRigFor(parent *testing.T, t testingT) rig {
	kinds, err := federation.NewKinds(portstest.Kinds()...)
	require.NoError(t, err)
	services := memory.New(kinds, memory.Options{}).Services()
	return rig{t: t, ctx: func() context.Context { return parent.Context() }, services: services,
		service: promote.New(services)}
}

func (r rig) tenant(slug tenancy.Slug) tenancy.Tenant {
	r.t.Helper()
	tenant, err := r.services.Tenants.Create(r.ctx(), tenancy.Tenant{
		ID: tenancy.NewID(), Slug: slug, Name: string(slug), State: tenancy.Active,
		Settings: json.RawMessage(`{}`),
	})
	require.NoError(r.t, err)
	return tenant
}

func (r rig) put(tenant tenancy.Tenant, kind, name, spec string) {
	r.t.Helper()
	r.putItem(tenant, federation.Item{Ref: federation.Ref{Kind: kind, Name: name},
		Spec: json.RawMessage(spec)})
}

func (r rig) putItem(tenant tenancy.Tenant, item federation.Item) {
	r.t.Helper()
	_, _, err := r.services.Resources.Put(r.ctx(), tenant.ID, item, ports.Condition{})
	require.NoError(r.t, err, "put %s %q", item.Kind, item.Name)
}

// spec returns the spec of a tenant's item, "" if the tenant doesn't have it.
func (r rig) spec(tenant tenancy.Tenant, kind, name string) string {
	r.t.Helper()
	got, err := r.services.Resources.Get(r.ctx(), tenant.ID, federation.Ref{Kind: kind, Name: name})
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return ""
	}
	require.NoError(r.t, err)
	return string(got.Spec)
}

func (r rig) export(tenant tenancy.Tenant) []byte {
	r.t.Helper()
	exported, err := r.service.Export(r.ctx(), tenant, ports.Selection{})
	require.NoError(r.t, err)
	defer exported.Close()
	var out bytes.Buffer
	n, err := exported.WriteTo(&out)
	require.NoError(r.t, err)
	require.Equal(r.t, exported.Size, n, "Size is the number of bytes written")
	return out.Bytes()
}

// items returns the part of an export that a promotion preserves.
func (r rig) items(tenant tenancy.Tenant) string {
	r.t.Helper()
	var bundle struct {
		Items  json.RawMessage
		Digest string
	}
	require.NoError(r.t, json.Unmarshal(r.export(tenant), &bundle))
	return string(bundle.Items) + bundle.Digest
}

func (r rig) load(tenant tenancy.Tenant, bundle []byte, opts promote.Options) outcome {
	r.t.Helper()
	return r.loadFrom(tenant, bytes.NewReader(bundle), opts)
}

func (r rig) loadFrom(tenant tenancy.Tenant, bundle io.Reader, opts promote.Options) outcome {
	r.t.Helper()
	report, err := r.service.Import(r.ctx(), tenant.ID, bundle, opts)
	require.NoError(r.t, err)
	defer report.Close()
	out := outcome{Report: report, actions: map[string]string{},
		items: map[string]promote.ReportItem{}}
	for item, err := range report.Items() {
		require.NoError(r.t, err)
		key := item.Kind + "/" + item.Name
		out.actions[key] = string(item.Action)
		if item.RenamedTo != "" {
			out.actions[key] += " " + item.RenamedTo
		}
		out.items[key] = item
	}
	var written bytes.Buffer
	n, err := report.WriteTo(&written)
	require.NoError(r.t, err)
	require.EqualValues(r.t, written.Len(), n)
	out.json = written.Bytes()
	return out
}

// refused imports a bundle, which must fail, and returns the error.
func (r rig) refused(tenant tenancy.Tenant, bundle io.Reader, opts promote.Options) error {
	r.t.Helper()
	report, err := r.service.Import(r.ctx(), tenant.ID, bundle, opts)
	require.Error(r.t, err)
	require.Nil(r.t, report)
	return err
}

// outcome is a report and all of its items.
type outcome struct {
	*promote.Report
	actions map[string]string // by KIND/NAME: the action and the new name
	items   map[string]promote.ReportItem
	json    []byte
}

// bundle returns a bundle of these items.
func bundle(t testingT, items ...federation.Item) []byte {
	t.Helper()
	digester := federation.NewDigester()
	var lines [][]byte
	for _, item := range items {
		if item.Version == 0 {
			item.Version, item.UpdatedAt = 1, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		}
		sealed, err := item.Seal()
		require.NoError(t, err)
		digester.Add(sealed.Digest)
		lines = append(lines, sealed.AppendJSON(nil))
	}
	var out bytes.Buffer
	m := federation.Manifest{
		Source: federation.Source{Instance: "01900000-0000-7000-8000-00000000000a",
			Tenant: "elsewhere"},
		Count: len(items), Digest: digester.Sum(),
	}
	require.NoError(t, m.Write(&out, bytes.NewReader(bytes.Join(lines, []byte(",")))))
	return out.Bytes()
}

func item(kind, name, spec string) federation.Item {
	return federation.Item{Ref: federation.Ref{Kind: kind, Name: name}, Spec: json.RawMessage(spec)}
}

func reader(bundle []byte) io.Reader { return bytes.NewReader(bundle) }
