package load

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// codeOlderVersion is the code of a row whose item has a newer version in the same load.
const codeOlderVersion tenancy.Code = "older_version"

// semantic matches a semantic version (semver.org, 2.0.0), perhaps with a "v" before it.
var semantic = regexp.MustCompile(
	`^v?(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$`)

// itemVersion is the version of a row and when it was published.
type itemVersion struct {
	text      string
	published time.Time
}

// compareVersions orders versions as the MCP registry does: semantic versions by precedence and
// after all others, which are in the order of their publication. It is 0 for versions that
// these rules don't order.
func compareVersions(a, b itemVersion) int {
	x, y := semantic.FindStringSubmatch(a.text), semantic.FindStringSubmatch(b.text)
	switch {
	case x == nil && y == nil:
		return a.published.Compare(b.published)
	case x == nil:
		return -1
	case y == nil:
		return 1
	}
	for i := 1; i <= 3; i++ {
		if c := compareDigits(x[i], y[i]); c != 0 {
			return c
		}
	}
	return comparePrereleases(x[4], y[4])
}

// compareDigits compares numbers of any length without leading zeros.
func compareDigits(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// comparePrereleases orders the texts after the hyphen: none is after all others.
func comparePrereleases(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		if c := compareIdentifiers(x[i], y[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(x), len(y))
}

// compareIdentifiers orders numbers before texts.
func compareIdentifiers(a, b string) int {
	_, notA := strconv.ParseUint(a, 10, 64)
	_, notB := strconv.ParseUint(b, 10, 64)
	switch {
	case notA == nil && notB == nil:
		return compareDigits(a, b)
	case notA == nil:
		return -1
	case notB == nil:
		return 1
	}
	return cmp.Compare(a, b)
}

// held are the rows with a version, the greatest of each item. They are sent after the file
// was read.
type held map[string]positionedRow

// hold keeps a row with a version, and skips the older row of the same item.
func (f *fileLoad) hold(key string, p positionedRow) error {
	other, ok := f.held[key]
	if !ok {
		f.held[key] = p
		return nil
	}
	order := compareVersions(p.row.Version, other.row.Version)
	if order == 0 && p.row.Version.text == other.row.Version.text {
		return tenancy.Errorf(codeDuplicateName,
			"the row at position %d already has this name and version", other.position)
	}
	if order < 0 {
		f.skip(p, other)
		return nil
	}
	f.skip(other, p) // of two versions that have no order, the later row wins
	f.held[key] = p
	return nil
}

// skip reports a row that isn't sent, because newer is of a newer version.
func (f *fileLoad) skip(p, newer positionedRow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.result.Skipped = append(f.result.Skipped, Refusal{
		File: f.file, Position: p.position, Name: p.row.Name, Code: string(codeOlderVersion),
		Reason: "version " + strconv.Quote(p.row.Version.text) + " is older than " +
			strconv.Quote(newer.row.Version.text) + ", which is loaded",
	})
}
