package httpapitest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// overtaken are transfers whose imports end with an error of this code.
type overtaken struct {
	ports.Transfers
	code tenancy.Code
}

func (o overtaken) Import(context.Context, tenancy.ID, func(ports.Import) error) error {
	return tenancy.Errorf(o.code, "nothing was imported")
}

func TestAnImportThatWasOvertakenIsAConflict(t *testing.T) {
	t.Parallel()
	for _, code := range []tenancy.Code{tenancy.CodeTargetChanged, tenancy.CodeAlreadyExists} {
		services := memory.New(testKinds(), memory.Options{}).Services()
		services.Transfers = overtaken{services.Transfers, code}
		w := newWorldOver(t, services)
		w.do(t, ask{as: "acme-admin", method: http.MethodPost, path: "/api/v1/tenants/acme/import",
			body: "{}"}).refused(t, http.StatusConflict, code)
	}
}
