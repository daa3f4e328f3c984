package memory_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
)

func TestContracts(t *testing.T) {
	portstest.Test(t, func(t *testing.T) ports.Services { return newStore(t, memory.Options{}) })
}

func newStore(t *testing.T, options memory.Options) ports.Services {
	t.Helper()
	kinds, err := federation.NewKinds(portstest.Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	return memory.New(kinds, options).Services()
}
