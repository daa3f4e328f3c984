package hooks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/hooks"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// record keeps the changes that hooks are called with.
type record struct {
	mu        sync.Mutex
	tenants   []hooks.TenantChange
	resources []hooks.ResourceChange
}

func (r *record) hooks() hooks.Hooks {
	return hooks.Hooks{
		Tenant: func(_ context.Context, c hooks.TenantChange) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.tenants = append(r.tenants, c)
			return nil
		},
		Resource: func(_ context.Context, c hooks.ResourceChange) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.resources = append(r.resources, c)
			return nil
		},
	}
}

// take returns the recorded changes of resources as "action kind/name version", sorted.
func (r *record) take() []string {
	var all []string
	for _, c := range r.resources {
		version, _ := json.Marshal(c.Version)
		all = append(all, string(c.Action)+" "+c.Ref.Kind+"/"+c.Ref.Name+" "+string(version))
	}
	r.resources = nil
	slices.Sort(all)
	return all
}

// newStore returns an empty store with a kind note, and one of which each tenant has one item.
func newStore(t *testing.T) ports.Services {
	t.Helper()
	text := []federation.Field{{Name: "text", Type: federation.String}}
	kinds, err := federation.NewKinds(federation.Kind{Name: "note", Fields: text})
	require.NoError(t, err)
	return memory.New(kinds, memory.Options{}).Services()
}

func note(name, text string) federation.Item {
	return federation.Item{Ref: federation.Ref{Kind: "note", Name: name},
		Spec: json.RawMessage(`{"text":"` + text + `"}`)}
}

func TestContractsHoldWithHooks(t *testing.T) {
	t.Parallel()
	portstest.Test(t, func(t *testing.T) ports.Services {
		kinds, err := federation.NewKinds(portstest.Kinds()...)
		require.NoError(t, err)
		return hooks.After(memory.New(kinds, memory.Options{}).Services(), (&record{}).hooks())
	})
}

func TestEachChangeOfATenantCallsTheHook(t *testing.T) {
	t.Parallel()
	var seen record
	s := hooks.After(newStore(t), seen.hooks()).Tenants
	ctx := t.Context()
	acme, err := s.Create(ctx, tenancy.NewTenant(tenancy.NewID(), "acme", "Acme"))
	require.NoError(t, err)
	change := func(edit func(*tenancy.Tenant) error) {
		require.NoError(t, edit(&acme))
		acme, err = s.Update(ctx, acme)
		require.NoError(t, err)
	}
	change(func(t *tenancy.Tenant) error { t.Name = "Acme Ltd"; return nil })
	change(func(t *tenancy.Tenant) error { return t.SetState(tenancy.Suspended) })
	change(func(t *tenancy.Tenant) error { return t.SetState(tenancy.Active) })
	change(func(t *tenancy.Tenant) error { return t.Delete(time.Now()) })
	change((*tenancy.Tenant).Restore)
	change(func(t *tenancy.Tenant) error { return t.Delete(time.Now()) })
	_, err = s.Purge(ctx, acme.ID)
	require.NoError(t, err)

	var actions []hooks.Action
	for i, c := range seen.tenants {
		actions = append(actions, c.Action)
		if i > 0 {
			assert.Equal(t, seen.tenants[i-1].After, c.Before, "what was before is known exactly")
		}
	}
	assert.Equal(t, []hooks.Action{hooks.Created, hooks.Changed, hooks.Suspended, hooks.Activated,
		hooks.Deleted, hooks.Activated, hooks.Deleted, hooks.Purged}, actions)
	assert.Equal(t, "Acme", seen.tenants[1].Before.Name)
	assert.Equal(t, "Acme Ltd", seen.tenants[1].After.Name)
	assert.Zero(t, seen.tenants[0].Before)
	assert.Zero(t, seen.tenants[7].After)
}

func TestRefusedChangeCallsNoHook(t *testing.T) {
	t.Parallel()
	var seen record
	services := hooks.After(newStore(t), seen.hooks())
	ctx := t.Context()
	unknown := tenancy.NewTenant(tenancy.NewID(), "ghost", "Ghost")
	_, err := services.Tenants.Update(ctx, unknown)
	assert.Equal(t, tenancy.CodeTenantNotFound, tenancy.CodeOf(err))
	_, err = services.Tenants.Create(ctx, tenancy.NewTenant(tenancy.NewID(), "default", "Other"))
	assert.Equal(t, tenancy.CodeSlugTaken, tenancy.CodeOf(err))
	_, err = services.Tenants.Purge(ctx, tenancy.DefaultID)
	assert.Error(t, err)
	stale, err := services.Tenants.Get(ctx, tenancy.DefaultID)
	require.NoError(t, err)
	stale.Version += 7
	_, err = services.Tenants.Update(ctx, stale)
	assert.Equal(t, tenancy.CodeVersionMismatch, tenancy.CodeOf(err))

	_, _, err = services.Resources.Put(ctx, tenancy.DefaultID, note("a", "x"),
		ports.Condition{Exists: true})
	assert.Error(t, err)
	_, _, err = services.Resources.Put(ctx, tenancy.ID{}, note("a", "x"), ports.Condition{})
	assert.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err))
	assert.Error(t, services.Resources.Delete(ctx, tenancy.DefaultID, note("a", "").Ref,
		ports.Condition{}))
	lost := tenancy.WithRight(ctx, tenancy.Right{Tenant: tenancy.DefaultID,
		Needs: tenancy.ResourceWrite})
	_, _, err = services.Resources.Put(lost, tenancy.DefaultID, note("a", "x"), ports.Condition{})
	assert.Equal(t, tenancy.CodeTenantNotFound, tenancy.CodeOf(err))
	assert.Empty(t, seen.tenants)
	assert.Empty(t, seen.resources)
}

func TestEachChangeOfAResourceCallsTheHook(t *testing.T) {
	t.Parallel()
	var seen record
	s := hooks.After(newStore(t), seen.hooks()).Resources
	put := func(item federation.Item) {
		_, _, err := s.Put(t.Context(), tenancy.DefaultID, item, ports.Condition{})
		require.NoError(t, err)
	}
	put(note("a", "1"))
	put(note("a", "2"))
	put(note("a", "2")) // writes nothing
	require.NoError(t, s.Delete(t.Context(), tenancy.DefaultID, note("a", "").Ref,
		ports.Condition{}))
	put(note("a", "2"))
	assert.Equal(t, tenancy.DefaultID, seen.resources[0].Tenant)
	assert.Equal(t, []string{"changed note/a 2", "created note/a 1", "created note/a 1",
		"deleted note/a 0"}, seen.take())
}

func TestImportCallsTheHookForEachWrittenItem(t *testing.T) {
	t.Parallel()
	var seen record
	store := newStore(t)
	services := hooks.After(store, seen.hooks())
	ctx := t.Context()
	source, err := store.Tenants.Create(ctx, tenancy.NewTenant(tenancy.NewID(), "source", "S"))
	require.NoError(t, err)
	put := func(tenant tenancy.ID, item federation.Item) {
		_, _, err := store.Resources.Put(ctx, tenant, item, ports.Condition{})
		require.NoError(t, err)
	}
	for _, name := range []string{"new", "same", "other", "older"} {
		put(source.ID, note(name, "source"))
	}
	put(source.ID, note("other", "source twice"))
	put(source.ID, note("other", "source thrice"))
	second, err := store.Tenants.Create(ctx, tenancy.NewTenant(tenancy.NewID(), "second", "S"))
	require.NoError(t, err)
	for _, target := range []tenancy.ID{tenancy.DefaultID, second.ID} {
		put(target, note("same", "source"))
		put(target, note("other", "target"))
		put(target, note("older", "target"))
		put(target, note("older", "target twice"))
	}

	service := promote.New(services)
	exported, err := service.Export(ctx, source, ports.Selection{})
	require.NoError(t, err)
	defer exported.Close()
	var bundle bytes.Buffer
	_, err = exported.WriteTo(&bundle)
	require.NoError(t, err)
	target := tenancy.DefaultID
	run := func(o promote.Options) error {
		report, err := service.Import(ctx, target, bytes.NewReader(bundle.Bytes()), o)
		if err == nil {
			report.Close()
		}
		return err
	}
	require.NoError(t, run(promote.Options{Strategy: promote.Overwrite, DryRun: true}))
	require.NoError(t, run(promote.Options{Strategy: promote.Rename, DryRun: true}))
	require.Error(t, run(promote.Options{Strategy: promote.Fail}))
	assert.Empty(t, seen.take(), "a dry run and a refused import write nothing")

	require.NoError(t, run(promote.Options{Strategy: promote.Rename}))
	assert.Equal(t, []string{"created note/new 1", "created note/older-2 1",
		"created note/other-2 3"}, seen.take())
	target = second.ID
	require.NoError(t, run(promote.Options{Strategy: promote.Overwrite}))
	got := seen.take()
	assert.Equal(t, []string{"changed note/older 3", "changed note/other 3", "created note/new 1"},
		slices.Sorted(slices.Values(got)))
	for _, c := range got {
		name := strings.TrimPrefix(strings.Fields(c)[1], "note/")
		stored, err := store.Resources.Get(ctx, second.ID, note(name, "").Ref)
		require.NoError(t, err)
		assert.Equal(t, strings.Fields(c)[2], fmt.Sprint(stored.Version))
	}
	require.NoError(t, run(promote.Options{Strategy: promote.Overwrite}))
	assert.Empty(t, seen.take(), "an import that changes nothing")
	require.NoError(t, store.Resources.Delete(ctx, source.ID, note("new", "").Ref, ports.Condition{}))
	pruned, err := service.Export(ctx, source, ports.Selection{})
	require.NoError(t, err)
	defer pruned.Close()
	bundle.Reset()
	_, err = pruned.WriteTo(&bundle)
	require.NoError(t, err)
	require.NoError(t, run(promote.Options{Prune: &ports.Selection{}, Confirm: true}))
	assert.Equal(t, []string{"deleted note/new 0"}, seen.take())
}

func TestImportThatWritesUnderAnotherItemsNameChangesIt(t *testing.T) {
	t.Parallel()
	var seen record
	services := hooks.After(newStore(t), seen.hooks())
	ctx := t.Context()
	_, _, err := services.Resources.Put(ctx, tenancy.DefaultID, note("b", "1"), ports.Condition{})
	require.NoError(t, err)
	seen.take()
	item, err := services.Kinds.Check(note("a", "2"))
	require.NoError(t, err)
	item.Version, item.UpdatedAt = 1, time.Now()
	item, err = item.Seal()
	require.NoError(t, err)
	decided := func(apply bool) error {
		return services.Transfers.Import(ctx, tenancy.DefaultID, func(imp ports.Import) error {
			err := imp.Stage(ctx, federation.Source{}, func(yield func(federation.Item, error) bool) {
				yield(item, nil)
			})
			if err != nil {
				return err
			}
			err = imp.Decide(ctx, func(pair ports.Pair) (ports.Decision, error) {
				pair.Incoming.Name = "b"
				renamed, err := pair.Incoming.Seal()
				return ports.Decision{Write: true, Item: renamed}, err
			})
			if err == nil && apply {
				_, err = imp.Apply(ctx)
			}
			return err
		})
	}
	require.NoError(t, decided(false))
	assert.Empty(t, seen.take(), "what isn't applied isn't written")
	require.NoError(t, decided(true))
	assert.Equal(t, []string{"changed note/b 0"}, seen.take())
}

func TestFailingHookIsLoggedAndChangesNothing(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	calls := 0
	services := hooks.After(newStore(t), hooks.Hooks{Logger: logger,
		Tenant: func(context.Context, hooks.TenantChange) error { panic("out of buckets") },
		Resource: func(context.Context, hooks.ResourceChange) error {
			calls++
			return errors.New("no queue")
		}})
	acme, err := services.Tenants.Create(t.Context(),
		tenancy.NewTenant(tenancy.NewID(), "acme", "Acme"))
	require.NoError(t, err)
	_, created, err := services.Resources.Put(t.Context(), acme.ID, note("a", "1"),
		ports.Condition{})
	require.NoError(t, err)
	assert.True(t, created)
	assert.Equal(t, 1, calls)
	for _, want := range []string{"out of buckets", "no queue", "action=created", "name=a",
		"tenant=" + acme.ID.String()} {
		assert.Contains(t, log.String(), want)
	}
}

func TestHookOutlivesItsCallAndHasADeadline(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "caller"))
	called := false
	s := hooks.After(newStore(t), hooks.Hooks{Timeout: time.Minute,
		Tenant: func(hookCtx context.Context, _ hooks.TenantChange) error {
			called = true
			cancel()
			assert.NoError(t, hookCtx.Err())
			assert.Equal(t, "caller", hookCtx.Value(key{}))
			deadline, ok := hookCtx.Deadline()
			assert.True(t, ok)
			assert.WithinDuration(t, time.Now().Add(time.Minute), deadline, 10*time.Second)
			return nil
		}}).Tenants
	_, err := s.Create(ctx, tenancy.NewTenant(tenancy.NewID(), "acme", "Acme"))
	require.NoError(t, err)
	assert.True(t, called, "Create returns after its hook")
	assert.Error(t, ctx.Err())
}

func TestPortsWithoutAHookStayAsTheyAre(t *testing.T) {
	t.Parallel()
	assert.Equal(t, ports.Services{}, hooks.After(ports.Services{}, (&record{}).hooks()))
	whole := newStore(t)
	assert.Equal(t, whole, hooks.After(whole, hooks.Hooks{}))
	assert.PanicsWithValue(t, "hooks.After: Hooks.Timeout -1ns is negative",
		func() { hooks.After(whole, hooks.Hooks{Timeout: -1}) })
}
