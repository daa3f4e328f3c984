package examine

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
)

// vulnerability is a defect of PostgreSQL that affects row security.
type vulnerability struct {
	cve           string
	fixedIn       map[int]int // the minor release that fixes it, by major release
	why           string
	errorForTrees bool // an error if a table of tenants is partitioned or inherited from
}

// vulnerabilities are those of the releases that the library supports
// (postgresql.org/support/security).
//
// CVE-2023-2455 and CVE-2024-10976 confuse the policies of several roles. They need a session that
// plans a statement as one role and runs it as another, which no pool of this library does.
// CVE-2023-39418 applies the policy for INSERT to the rows that MERGE updates; ours is the same
// for both. These are therefore warnings.
var vulnerabilities = []vulnerability{
	{cve: "CVE-2021-20229", fixedIn: map[int]int{13: 2},
		why: "a join reads columns that the reader has no right to read, such as the hashes of" +
			" API keys"},
	{cve: "CVE-2023-2455", fixedIn: map[int]int{13: 11, 14: 8, 15: 3},
		why: "another role's policies can apply to a set-returning function that is inlined into" +
			" a statement"},
	{cve: "CVE-2023-39418", fixedIn: map[int]int{15: 4},
		why: "MERGE applies the wrong policies to the rows that it updates"},
	{cve: "CVE-2024-4317", fixedIn: map[int]int{14: 12, 15: 7, 16: 3},
		why: "extended statistics (CREATE STATISTICS) show every tenant's most common values;" +
			" after the update, run PostgreSQL's fix-CVE-2024-4317.sql"},
	{cve: "CVE-2024-10976", fixedIn: map[int]int{13: 17, 14: 14, 15: 9, 16: 5, 17: 1},
		why: "another role's policies can apply to a table below a sub-select or a view in a plan" +
			" that is reused"},
	{cve: "CVE-2025-8713", fixedIn: map[int]int{13: 22, 14: 19, 15: 14, 16: 10, 17: 6},
		errorForTrees: true,
		why: "the planner's statistics of partitions and child tables can be read past the" +
			" policies"},
}

// checkServerVersion looks for vulnerabilities of the server's release.
func checkServerVersion(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	var server struct {
		Version int
		Tree    bool
	}
	err := c.Query(ctx, `SELECT current_setting('server_version_num')::int AS version,
		EXISTS (SELECT FROM pg_inherits i JOIN tables t ON t.oid = i.inhparent WHERE t.known) AS tree`, &server)
	return versionFindings(server.Version, server.Tree), err
}

// versionFindings returns the findings about a version in the form of server_version_num. tree says
// that a table of tenants is partitioned or inherited from.
func versionFindings(version int, tree bool) []doctor.Finding {
	major, minor := version/10000, version%10000
	var findings []doctor.Finding
	for _, v := range vulnerabilities {
		fixed, affected := v.fixedIn[major]
		if !affected || minor >= fixed {
			continue
		}
		finding := doctor.Finding{
			Severity: doctor.SeverityWarning, Code: "server_version",
			Object: fmt.Sprintf("PostgreSQL %d.%d", major, minor),
			Why:    fmt.Sprintf("%s: %s; update to %d.%d or later", v.cve, v.why, major, fixed),
		}
		if v.errorForTrees && tree {
			finding.Severity = doctor.SeverityError
		}
		findings = append(findings, finding)
	}
	return findings
}
