package walk

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// structure returns a hash of the kinds of elements in the content of the page, and one of
// those around it. Pages in which they are equal differ only in texts, and in how often
// something is repeated.
func (d *document) structure() (content, frame string) {
	in, around := map[string]bool{}, map[string]bool{}
	for n := range d.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if isInContent(n) {
			in[kindOf(n.Parent)+" > "+kindOf(n)] = true
		} else {
			around[kindOf(n.Parent)+" > "+kindOf(n)] = true
		}
	}
	return hash(in), hash(around)
}

func isInContent(n *html.Node) bool {
	for a := range n.Ancestors() {
		if a.Data == "main" {
			return true
		}
	}
	return false
}

// kindOf returns what the style sheet and a screen reader tell elements apart by.
func kindOf(n *html.Node) string {
	return n.Data + "." + get(n, "class") + " " + get(n, "type") + " " + get(n, "role")
}

func hash(kinds map[string]bool) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(maps.Keys(kinds)), "\n")))
	return hex.EncodeToString(sum[:8])
}
