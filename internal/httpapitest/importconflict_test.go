package httpapitest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// failingTransfers is a store whose Import fails with an error of this code.
type failingTransfers struct {
	ports.Transfers
	code tenancy.Code
}

func (o failingTransfers) Import(context.Context, tenancy.ID, func(ports.Import) error) error {
	return tenancy.Errorf(o.code, "nothing was imported")
}

func TestImportConflictingWithAnotherWriteIsRefused(t *testing.T) {
	t.Parallel()
	for _, code := range []tenancy.Code{tenancy.CodeTargetChanged, tenancy.CodeAlreadyExists} {
		services := memory.New(apitest.Kinds(), memory.Options{}).Services()
		services.Transfers = failingTransfers{services.Transfers, code}
		reg := apitest.NewOver(t, services)
		bundle := exportBundle(t, reg, "acme", "").Body
		importBundle(t, reg, "acme", "", bundle).WantProblem(t, http.StatusConflict, code)
	}
}
