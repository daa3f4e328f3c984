package examine_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/examine"
)

func TestVersionFindingsNameTheUnfixedVulnerabilities(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version int
		cves    string
	}{
		{130001, "CVE-2021-20229 CVE-2023-2455 CVE-2024-10976 CVE-2025-8713"},
		{130022, ""},
		{140008, "CVE-2024-4317 CVE-2024-10976 CVE-2025-8713"},
		{150003, "CVE-2023-39418 CVE-2024-4317 CVE-2024-10976 CVE-2025-8713"},
		{150013, "CVE-2025-8713"},
		{150014, ""},
		{160002, "CVE-2024-4317 CVE-2024-10976 CVE-2025-8713"},
		{170000, "CVE-2024-10976 CVE-2025-8713"},
		{170006, ""},
		{180000, ""},
		{990000, ""},
	} {
		var cves []string
		for _, f := range examine.VersionFindings(c.version, false) {
			require.Equal(t, doctor.SeverityWarning, f.Severity)
			require.Equal(t, "server_version", f.Code)
			require.NotContains(t, f.Fix, ";", "no SQL updates a server")
			cve, _, _ := strings.Cut(f.Why, ":")
			cves = append(cves, cve)
		}
		require.Equal(t, c.cves, strings.Join(cves, " "), "%d", c.version)
	}
}

func TestVulnerabilityOfPartitionsIsAnErrorIfThereArePartitions(t *testing.T) {
	t.Parallel()
	findings := examine.VersionFindings(170005, true)
	require.Len(t, findings, 1)
	require.Equal(t, doctor.SeverityError, findings[0].Severity)
	require.Contains(t, findings[0].Why, "update to 17.6")
}
