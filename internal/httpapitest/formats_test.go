package httpapitest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
)

// The client of apitest compares each response with the OpenAPI document.
func TestValuesOfEveryFormatMatchTheOpenAPIDocument(t *testing.T) {
	t.Parallel()
	kinds, err := federation.NewKinds(federation.Kind{Name: "sample", Fields: []federation.Field{
		{Name: "ratio", Type: federation.Number, Format: federation.Float},
		{Name: "at", Type: federation.String, Format: federation.DateTime},
		{Name: "raw", Type: federation.String, Format: federation.Bytes},
		{Name: "owner", Type: federation.String, Format: federation.UUID},
	}})
	require.NoError(t, err)
	reg := apitest.NewOver(t, memory.New(kinds, memory.Options{}).Services(),
		func(o *httpapi.Options) { o.Discovery = nil })
	for _, spec := range []string{
		`{"ratio":0.5}`, `{"ratio":"NaN"}`, `{"ratio":"-Infinity"}`, `{"at":"infinity"}`,
		`{"at":"2026-11-30T10:00:00+02:00"}`, `{"at":"12026-01-01T00:00:00.000000Z"}`,
		`{"raw":"AAEC"}`, `{"owner":"9F1C2D3E-0000-4000-8000-000000000001"}`,
	} {
		res := reg.Do(t, apitest.Put("acme-editor", "/api/v1/samples/x", `{"spec":`+spec+`}`))
		require.Less(t, res.Status, http.StatusMultipleChoices, "%s: %s", spec, res.Body)
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/samples/x")).Want(t, http.StatusOK)
	}
}
