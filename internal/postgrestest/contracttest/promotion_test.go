package contracttest

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/internal/promotetest"
)

func TestPromotionMatchesTheModel(t *testing.T) {
	t.Parallel()
	promotetest.CheckAgainstModel(t, fixture.OpenNew(t, true).Services())
}
