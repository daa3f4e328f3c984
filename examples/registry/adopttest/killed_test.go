//go:build unix

package adopttest

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// statementsBetweenKills is the number of statements that a migration runs before it
// is killed. ADOPT_BOUNDARIES=all kills it at each statement, which takes minutes.
func statementsBetweenKills() int {
	if os.Getenv("ADOPT_BOUNDARIES") == "all" {
		return 1
	}
	return 12
}

func TestMigrationFinishesAfterRepeatedKills(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	db := connect(t, url)
	before := checksums(t, db)
	require.NoError(t, db.Close())
	kills := 0
	for runAndKillMigrator(t, url, statementsBetweenKills()) {
		kills++
	}
	require.Greater(t, kills, 5)
	db = connect(t, url)
	require.Equal(t, before, checksums(t, db))
	require.NoError(t, db.Close())
	requireContracts(t, url)
}

// runAndKillMigrator runs a migration in a separate process. It kills the process
// with SIGKILL when the next statement after this many has begun. It returns false if
// the migration finished before that.
func runAndKillMigrator(t *testing.T, url string, statements int) bool {
	t.Helper()
	set := map[string]string{"DATABASE_URL": url, "SECRETS_KEY": harness.SecretsKey,
		"DATA_DIR": "/nowhere"}
	cmd := harness.Command(set, "migrate", "up", "--phase", "contract", "--watch", "2s", "--json")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	killed := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var e struct{ Event string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e), "%s", lines.Text())
		if e.Event == "ended" {
			statements--
		}
		if e.Event == "begun" && statements <= 0 && !killed {
			killed = true
			require.NoError(t, cmd.Process.Kill())
		}
	}
	err = cmd.Wait()
	if !killed {
		require.NoError(t, err)
	}
	return killed
}
