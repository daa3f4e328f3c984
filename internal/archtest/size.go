package archtest

import (
	"bytes"
	"fmt"
	"os"
)

// Size bounds how much a reader of one package has to keep in mind, its tests
// included.
type Size struct {
	Files, Lines int
	Except       []string // as [Room.Path]
}

// CheckSizes answers a text for each package that is larger than limit.
func CheckSizes(limit Size, packages []Package) ([]string, error) {
	var faults []string
	for _, p := range packages {
		if matchesAny(limit.Except, p.Path) {
			continue
		}
		lines, err := countLines(p.Files)
		if err != nil {
			return nil, err
		}
		if len(p.Files) > limit.Files || lines > limit.Lines {
			faults = append(faults, fmt.Sprintf(
				"%s: has %d files and %d lines, more than %d and %d: divide it by what it does",
				p.Path, len(p.Files), lines, limit.Files, limit.Lines))
		}
	}
	return faults, nil
}

func countLines(files []string) (int, error) {
	lines := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		lines += bytes.Count(text, []byte("\n"))
	}
	return lines, nil
}
