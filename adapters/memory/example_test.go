package memory_test

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Two tenants have a note of the same name, and each reads its own.
func Example() {
	ctx := context.Background()
	kinds, err := federation.NewKinds(federation.Kind{Name: "note"})
	if err != nil {
		panic(err)
	}
	services := memory.New(kinds, memory.Options{}).Services()
	acme, err := services.Tenants.Create(ctx,
		tenancy.Tenant{ID: tenancy.NewID(), Slug: "acme", State: tenancy.Active})
	if err != nil {
		panic(err)
	}

	plan := federation.Ref{Kind: "note", Name: "plan"}
	for tenant, spec := range map[tenancy.ID]string{
		tenancy.DefaultID: `{"text": "sell"}`,
		acme.ID:           `{"text": "buy"}`,
	} {
		if _, _, err := services.Resources.Put(ctx, tenant,
			federation.Item{Ref: plan, Spec: []byte(spec)}, ports.Condition{}); err != nil {
			panic(err)
		}
	}
	note, err := services.Resources.Get(ctx, acme.ID, plan)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(note.Spec), "version", note.Version)
	// Output: {"text":"buy"} version 1
}
