package tenantcolumntest

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
