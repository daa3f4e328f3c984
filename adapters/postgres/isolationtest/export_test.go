package isolationtest

import "net/http"

// PatternsOf returns the patterns of a mux as they were registered.
func PatternsOf(mux *http.ServeMux) ([]string, error) { return muxPatterns(mux) }

// ServedBy returns what a router tells.
func ServedBy(router any) ([]string, error) {
	found, err := listServed(router)
	var texts []string
	for _, r := range found {
		texts = append(texts, r.String())
	}
	return texts, err
}

// Neighbour is what attacks compare a value of the other tenant with.
var Neighbour = neighbour
