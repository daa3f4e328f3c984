package folder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// readYAML returns the value of a YAML document. A word without quotes is a number, a truth value
// or null only where YAML 1.1 and 1.2 both say so; any other is the text that is written there:
// no, 1e3, 0x1F, 2026-01-31. Anchors, aliases, tags and merge keys are refused: JSON has nothing
// like them, and with aliases a small file may become a very large value.
func readYAML(text []byte) (any, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := d.Decode(&document); err != nil {
		return nil, fmt.Errorf("it isn't YAML: %w", err)
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("it must be one YAML document")
	}
	return valueOf(document.Content[0])
}

func valueOf(n *yaml.Node) (any, error) {
	if n.Anchor != "" || n.Kind == yaml.AliasNode || n.Style&yaml.TaggedStyle != 0 {
		return nil, at(n, "anchors, aliases and tags aren't allowed: write the value")
	}
	switch n.Kind {
	case yaml.MappingNode:
		return objectOf(n)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, element := range n.Content {
			var err error
			if list[i], err = valueOf(element); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&quoted != 0 {
		return n.Value, nil
	}
	return plain(n.Value), nil
}

func objectOf(n *yaml.Node) (any, error) {
	object := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		if _, err := valueOf(name); err != nil {
			return nil, err
		}
		if name.Kind != yaml.ScalarNode || name.Style == 0 && name.Value == "<<" {
			return nil, at(name, "the name of a member must be a text")
		}
		if _, again := object[name.Value]; again {
			return nil, at(name, "%q appears twice", name.Value)
		}
		value, err := valueOf(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		object[name.Value] = value
	}
	return object, nil
}

// plainNumber matches the numbers that YAML 1.1, YAML 1.2 and JSON write alike.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+][0-9]+)?)?$`)

// The words that are no texts (YAML 1.2.2, section 10.3.2), without those that YAML 1.1 adds.
var (
	nulls  = []string{"", "~", "null", "Null", "NULL"}
	truths = map[string]bool{"true": true, "True": true, "TRUE": true, "false": false, "False": false,
		"FALSE": false}
)

// plain returns the value of a word without quotes.
func plain(word string) any {
	if slices.Contains(nulls, word) {
		return nil
	}
	if truth, ok := truths[word]; ok {
		return truth
	}
	if plainNumber.MatchString(word) {
		return json.Number(word)
	}
	return word
}

// at returns an error with the line of a node.
func at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("line %d: "+format, append([]any{n.Line}, args...)...)
}
