package promote_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The configuration of the tenant staging goes to the tenant production, as a bundle.
func Example() {
	ctx := context.Background()
	kinds, err := federation.NewKinds(federation.Kind{Name: "prompt",
		Fields: []federation.Field{{Name: "template", Type: federation.String, Required: true}}})
	if err != nil {
		panic(err)
	}
	services := memory.New(kinds, memory.Options{}).Services()
	staging := newExampleTenant(ctx, services, "staging")
	production := newExampleTenant(ctx, services, "production")
	greeting, err := federation.Item{Ref: federation.Ref{Kind: "prompt", Name: "greeting"},
		Spec: json.RawMessage(`{"template":"Say hi."}`)}.Seal()
	if err != nil {
		panic(err)
	}
	_, _, err = services.Resources.Put(ctx, staging.ID, greeting, ports.Condition{})
	if err != nil {
		panic(err)
	}

	service := promote.New(services)
	exported, err := service.Export(ctx, staging, ports.Selection{})
	if err != nil {
		panic(err)
	}
	defer exported.Close()
	var bundle bytes.Buffer
	if _, err := exported.WriteTo(&bundle); err != nil {
		panic(err)
	}
	for _, dryRun := range []bool{true, false} {
		report, err := service.Import(ctx, production.ID, bytes.NewReader(bundle.Bytes()),
			promote.Options{Strategy: promote.Overwrite, DryRun: dryRun})
		fmt.Println(report.Counts.Create, report.Counts.Update, err)
	}
	// Output:
	// 1 0 <nil>
	// 1 0 <nil>
}

func newExampleTenant(
	ctx context.Context, services ports.Services, slug tenancy.Slug,
) tenancy.Tenant {
	t, err := services.Tenants.Create(ctx,
		tenancy.Tenant{ID: tenancy.NewID(), Slug: slug, Name: string(slug), State: tenancy.Active})
	if err != nil {
		panic(err)
	}
	return t
}
