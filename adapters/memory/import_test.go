package memory_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestImportRefusesPlainTextSecrets(t *testing.T) {
	t.Parallel()
	s := newStore(t, memory.Options{})
	err := importAll(t, s, widget("w", `{"token":"hunter2"}`))
	if tenancy.CodeOf(err) != tenancy.CodeInvalid || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Import of a plain-text secret = %v; want %s, without the secret", err,
			tenancy.CodeInvalid)
	}
}

func TestImportChecksDecidedItems(t *testing.T) {
	t.Parallel()
	s := newStore(t, memory.Options{})
	for name, it := range map[string]federation.Item{
		"a field that doesn't fit": widget("w", `{"size":-1}`),
		"an invalid name":          widget("", `{}`),
		"an undeclared kind": {Ref: federation.Ref{Kind: "gadget", Name: "g"},
			Spec: []byte(`{}`)},
	} {
		if err := importAll(t, s, it); err == nil {
			t.Errorf("Import of %s = nil; want an error", name)
		}
	}
}

func TestImportRefusesDuplicateDecidedRefs(t *testing.T) {
	t.Parallel()
	s := newStore(t, memory.Options{})
	err := s.Transfers.Import(t.Context(), tenancy.DefaultID, func(im ports.Import) error {
		if err := im.Stage(t.Context(), federation.Source{},
			sequence(widget("a", `{}`), widget("b", `{}`))); err != nil {
			return err
		}
		return decideAndApply(t.Context(), im, func(ports.Pair) (ports.Decision, error) {
			return ports.Decision{Write: true, Item: widget("c", `{}`)}, nil
		})
	})
	if tenancy.CodeOf(err) != tenancy.CodeInvalid {
		t.Errorf("Import that gives two items the same name = %v; want %s", err,
			tenancy.CodeInvalid)
	}
}

func TestWriterWaitingForImportStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s := newStore(t, memory.Options{})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Transfers.Import(t.Context(), tenancy.DefaultID, func(ports.Import) error {
		if _, _, err := s.Resources.Put(canceled, tenancy.DefaultID, widget("w", `{}`),
			ports.Condition{}); tenancy.CodeOf(err) != tenancy.CodeUnavailable {
			t.Errorf("Put during an import = %v; want %s", err, tenancy.CodeUnavailable)
		}
		if err := s.Resources.Delete(canceled, tenancy.DefaultID, settings,
			ports.Condition{}); tenancy.CodeOf(err) != tenancy.CodeUnavailable {
			t.Errorf("Delete during an import = %v; want %s", err, tenancy.CodeUnavailable)
		}
		if err := s.Transfers.Import(canceled, tenancy.DefaultID,
			nil); tenancy.CodeOf(err) != tenancy.CodeUnavailable {
			t.Errorf("Import during an import = %v; want %s", err, tenancy.CodeUnavailable)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCanceledImportWritesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t, memory.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Transfers.Import(ctx, tenancy.DefaultID, func(im ports.Import) error {
		if err := im.Stage(ctx, federation.Source{}, sequence(widget("w", `{}`))); err != nil {
			return err
		}
		err := decideAndApply(ctx, im, writeAll)
		cancel()
		return err
	})
	if tenancy.CodeOf(err) != tenancy.CodeUnavailable {
		t.Errorf("Import = %v; want %s", err, tenancy.CodeUnavailable)
	}
	if _, err := s.Resources.Get(t.Context(), tenancy.DefaultID,
		federation.Ref{Kind: "widget", Name: "w"}); tenancy.CodeOf(err) != tenancy.CodeNotFound {
		t.Errorf("Get after a canceled import = %v; want %s", err, tenancy.CodeNotFound)
	}
}

func TestPanickingImportUnlocksTheTenant(t *testing.T) {
	t.Parallel()
	s := newStore(t, memory.Options{})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Import recovered the panic; want it to pass on")
			}
		}()
		_ = s.Transfers.Import(t.Context(), tenancy.DefaultID,
			func(ports.Import) error { panic("fn") })
	}()
	if err := importAll(t, s, widget("w", `{}`)); err != nil {
		t.Errorf("Import after a panic = %v", err)
	}
}

func TestApplyAfterImportChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t, memory.Options{})
	var ended ports.Import
	err := s.Transfers.Import(t.Context(), tenancy.DefaultID, func(im ports.Import) error {
		ended = im
		return im.Stage(t.Context(), federation.Source{}, sequence(widget("w", `{}`)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := decideAndApply(t.Context(), ended, writeAll); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resources.Get(t.Context(), tenancy.DefaultID,
		federation.Ref{Kind: "widget", Name: "w"}); tenancy.CodeOf(err) != tenancy.CodeNotFound {
		t.Errorf("Get after a late Apply = %v; want %s", err, tenancy.CodeNotFound)
	}
}

func TestUnknownTenantIsRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t, memory.Options{})
	unknown := tenancy.NewID()
	if _, _, err := s.Resources.Put(t.Context(), unknown, widget("w", `{}`),
		ports.Condition{}); tenancy.CodeOf(err) != tenancy.CodeTenantNotFound {
		t.Errorf("Put = %v; want %s", err, tenancy.CodeTenantNotFound)
	}
	if _, err := s.Keys.Create(t.Context(), unknown, tenancy.APIKey{
		ID: "k", Tenant: unknown}); tenancy.CodeOf(err) != tenancy.CodeTenantNotFound {
		t.Errorf("Keys.Create = %v; want %s", err, tenancy.CodeTenantNotFound)
	}
	if err := s.Vault.Set(t.Context(), unknown, "s",
		nil); tenancy.CodeOf(err) != tenancy.CodeTenantNotFound {
		t.Errorf("Vault.Set = %v; want %s", err, tenancy.CodeTenantNotFound)
	}
}

func importAll(t *testing.T, s ports.Services, items ...federation.Item) error {
	t.Helper()
	return s.Transfers.Import(t.Context(), tenancy.DefaultID, func(im ports.Import) error {
		if err := im.Stage(t.Context(), federation.Source{}, sequence(items...)); err != nil {
			return err
		}
		return decideAndApply(t.Context(), im, writeAll)
	})
}

func sequence(items ...federation.Item) func(yield func(federation.Item, error) bool) {
	return func(yield func(federation.Item, error) bool) {
		for _, it := range items {
			if !yield(it, nil) {
				return
			}
		}
	}
}

func writeAll(pair ports.Pair) (ports.Decision, error) {
	return ports.Decision{Write: true, Item: pair.Incoming}, nil
}

func decideAndApply(
	ctx context.Context, im ports.Import, decide func(ports.Pair) (ports.Decision, error),
) error {
	if err := im.Decide(ctx, decide); err != nil {
		return err
	}
	_, err := im.Apply(ctx)
	return err
}
