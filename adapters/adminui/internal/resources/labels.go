package resources

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/specform"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// The inputs of labels: one label a line, or JSON for labels that lines can't hold.
const (
	labelLines = "labels"
	labelJSON  = "labels_json"
)

// labelField returns the input of labels.
func labelField(labels map[string]string) view.Field {
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if !fitsLine(key) || !fitsLine(labels[key]) || key == "" || strings.Contains(key, "=") {
			return labelJSONField(labels)
		}
		lines = append(lines, key+"="+labels[key])
	}
	return labelLinesField(strings.Join(lines, "\n"))
}

func labelLinesField(text string) view.Field {
	return view.Field{Name: labelLines, Label: "Labels", Type: view.AreaField, Value: text,
		Rows: max(strings.Count(text, "\n")+1, 3), Hint: "One a line, such as team=search."}
}

func labelJSONField(labels map[string]string) view.Field {
	text, _ := json.Marshal(labels)
	return view.Field{Name: labelJSON, Label: "Labels", Type: view.CodeField,
		Value: specform.Indented(text), Hint: `A JSON object of strings, such as {"team": "search"}.`}
}

// fitsLine reports whether text is the same after it was typed in a line.
func fitsLine(text string) bool {
	return strings.TrimSpace(text) == text && !strings.ContainsFunc(text, unicode.IsControl)
}

// readLabels returns the labels of a form. wrong says what is wrong with their text.
func readLabels(f page.Form) (labels map[string]string, wrong string) {
	labels = map[string]string{}
	if text := f.Text(labelJSON); strings.TrimSpace(text) != "" {
		if json.Unmarshal([]byte(text), &labels) != nil || !utf8.ValidString(text) {
			return nil, "Must be a JSON object of strings."
		}
		return labels, ""
	}
	for i, line := range strings.Split(f.Text(labelLines), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		_, twice := labels[key]
		switch {
		case !ok || key == "":
			return nil, fmt.Sprintf("Line %d must have the form key=value.", i+1)
		case !utf8.ValidString(line):
			return nil, fmt.Sprintf("Line %d must be UTF-8 text.", i+1)
		case twice:
			return nil, fmt.Sprintf("Line %d has a key that is there already.", i+1)
		}
		labels[key] = value
	}
	return labels, ""
}

// labelFieldAgain returns the input of labels with what was typed.
func labelFieldAgain(f page.Form) view.Field {
	if f.Values.Has(labelJSON) {
		field := labelJSONField(nil)
		field.Value = f.Text(labelJSON)
		return field
	}
	return labelLinesField(f.Text(labelLines))
}
