package archtest

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Text bounds how wide a line is, and names words that need a second reading.
type Text struct {
	Columns int      // of any line of Go; see [Columns]
	Words   []string // to avoid in Go, SQL, shell and Markdown, whatever their case
	Phrases []string // uses of these words that are right
	Except  []string // folders and files whose text comes from elsewhere or can't change
}

// textFiles are what people read, by their names' ends.
var textFiles = []string{".go", ".sql", ".md", ".sh", "run", "main-job"}

// CheckText answers a text for each line below root that breaks a rule.
func CheckText(rules Text, root string) ([]string, error) {
	words := regexp.MustCompile(`(?i)\b(` + strings.Join(rules.Words, "|") + `)\b`)
	rightUses := regexp.MustCompile(`(?i)` + strings.Join(rules.Phrases, "|"))
	var faults []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name, relErr := filepath.Rel(root, path)
		switch {
		case err != nil || relErr != nil:
			return errors.Join(err, relErr)
		case slices.Contains(rules.Except, filepath.ToSlash(name)):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir() || !slices.ContainsFunc(textFiles, func(end string) bool {
			return strings.HasSuffix(path, end)
		}):
			return nil
		}
		found, err := checkFile(rules.Columns, words, rightUses, name, path)
		faults = append(faults, found...)
		return err
	})
	return faults, err
}

func checkFile(
	widest int, words, rightUses *regexp.Regexp, name, path string,
) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var faults []string
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 4<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if width := Columns(line); width > widest && filepath.Ext(path) == ".go" {
			faults = append(faults, fmt.Sprintf("%s:%d: has %d columns", name, n, width))
		}
		if word := words.FindString(rightUses.ReplaceAllString(line, "")); word != "" {
			faults = append(faults, fmt.Sprintf("%s:%d: %q: use the field's term", name, n, word))
		}
	}
	return faults, lines.Err()
}

// Columns is how wide a line is with tabs of four columns.
func Columns(line string) int {
	return len([]rune(line)) + 3*strings.Count(line, "\t")
}
