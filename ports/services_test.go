package ports_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports"
)

func ExampleServices_Missing() {
	services := memory.New(nil, memory.Options{}).Services()
	services.Vault = nil
	fmt.Println(services.Missing("Tenants", "Vault"))
	fmt.Println(services.Require("Tenants", "Vault"))
	// Output:
	// [Vault]
	// missing: Services.Vault
}

func TestMissingNamesAllInTheOrderOfTheQuestion(t *testing.T) {
	t.Parallel()
	var none ports.Services
	names := []string{"Vault", "Instance", "Kinds", "Audit"}
	for range 10 {
		assert.Equal(t, names, none.Missing(names...))
		assert.EqualError(t, none.Require(names...),
			"missing: Services.Vault, Services.Instance, Services.Kinds, Services.Audit")
	}
	whole := memory.New(nil, memory.Options{}).Services()
	assert.Empty(t, whole.Missing("Vault", "Instance", "Audit"))
	assert.NoError(t, whole.Require("Vault"))
	assert.Panics(t, func() { whole.Missing("Vualt") })
}
