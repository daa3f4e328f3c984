package examine

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
)

// flaw is an error of PostgreSQL's that row security had, with the minor
// releases that ended it (postgresql.org/support/security). None is older than
// the oldest version that is served.
//
// CVE-2023-2455 and CVE-2024-10976 mix up the policies of several roles: they
// take a session that plans a statement as one role and runs it as another,
// which no pool of this library does. CVE-2023-39418 holds the rows that MERGE
// updates against the policy for INSERT, which is the same as ours for UPDATE.
// These are therefore warnings.
type flaw struct {
	cve   string
	fixed map[int]int // the minor release by the major one
	why   string
	tree  bool // an error where an owned table is partitioned or inherited from
}

var flaws = []flaw{
	{cve: "CVE-2021-20229", fixed: map[int]int{13: 2},
		why: "a join reads columns that their reader has no right to, such as the hashes of API" +
			" keys"},
	{cve: "CVE-2023-2455", fixed: map[int]int{13: 11, 14: 8, 15: 3},
		why: "a set-returning function that is planned into a statement can be held against" +
			" another role's policies"},
	{cve: "CVE-2023-39418", fixed: map[int]int{15: 4},
		why: "MERGE holds the rows that it updates against the wrong policies"},
	{cve: "CVE-2024-4317", fixed: map[int]int{14: 12, 15: 7, 16: 3},
		why: "extended statistics (CREATE STATISTICS) show every tenant's most common values;" +
			" after the update, run PostgreSQL's fix-CVE-2024-4317.sql"},
	{cve: "CVE-2024-10976", fixed: map[int]int{13: 17, 14: 14, 15: 9, 16: 5, 17: 1},
		why: "a plan that is used again, of a table below a sub-select or a view, can be held" +
			" against another role's policies"},
	{cve: "CVE-2025-8713", fixed: map[int]int{13: 22, 14: 19, 15: 14, 16: 10, 17: 6}, tree: true,
		why: "the planner's statistics of partitions and child tables can be read past the policies"},
}

// flawsOf are the findings about a server's version, in the form of
// server_version_num.
func flawsOf(version int, tree bool) []doctor.Finding {
	major, minor := version/10000, version%10000
	var findings []doctor.Finding
	for _, f := range flaws {
		fixed, concerned := f.fixed[major]
		if !concerned || minor >= fixed {
			continue
		}
		finding := doctor.Finding{
			Severity: doctor.SeverityWarning, Code: "server_version",
			Object: fmt.Sprintf("PostgreSQL %d.%d", major, minor),
			Why:    fmt.Sprintf("%s: %s; update to %d.%d or later", f.cve, f.why, major, fixed),
		}
		if f.tree && tree {
			finding.Severity = doctor.SeverityError
		}
		findings = append(findings, finding)
	}
	return findings
}

func checkServerVersion(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	var server struct {
		Version int
		Tree    bool
	}
	err := c.Query(ctx, `SELECT current_setting('server_version_num')::int AS version,
		EXISTS (SELECT FROM pg_inherits i JOIN tables t ON t.oid = i.inhparent WHERE t.known) AS tree`, &server)
	return flawsOf(server.Version, server.Tree), err
}
