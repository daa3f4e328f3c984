package folder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Notation is how the files of items are written.
type Notation string

// The notations.
const (
	YAML Notation = "yaml"
	JSON Notation = "json"
)

// itemMembers are the members of an item's file, in their order.
var itemMembers = []string{"kind", "name", "labels", "version", "updated_at", "spec"}

// encode returns the file of an item.
func (n Notation) encode(members map[string]any) ([]byte, error) {
	if n == YAML {
		return writeYAML(members, itemMembers...), nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(members)
	return b.Bytes(), err
}

// decode is the inverse of encode.
func (n Notation) decode(text []byte) (any, error) {
	if n == YAML {
		return readYAML(text)
	}
	canonical, err := federation.Canonical(text) // refuses repeated members
	if err != nil {
		return nil, err
	}
	return treeOf(canonical)
}

// fileOf returns the file of an item and those of its texts.
func fileOf(item federation.Item, n Notation) ([]byte, texts, error) {
	spec, err := treeOf(item.Spec)
	if err != nil {
		return nil, nil, err
	}
	labels := make(map[string]any, len(item.Labels))
	for key, value := range item.Labels {
		labels[key] = value
	}
	found := texts{}
	text, err := n.encode(map[string]any{
		"kind": item.Kind, "name": item.Name, "labels": labels,
		"version":    json.Number(fmt.Sprint(item.Version)),
		"updated_at": item.UpdatedAt.UTC().Format(tenancy.TimeLayout),
		"spec":       found.takeOut("", spec),
	})
	return text, found, err
}

// itemOf reads the file of an item, sealed. Without a version it is the first one, of the
// beginning of 1970: who writes a file by hand has neither.
func itemOf(text []byte, n Notation, read func(name string) (string, error)) (federation.Item, error) {
	tree, err := n.decode(text)
	if err != nil {
		return federation.Item{}, err
	}
	members, ok := tree.(map[string]any)
	if !ok {
		return federation.Item{}, errors.New("it must be an object")
	}
	for name := range members {
		if !slices.Contains(itemMembers, name) {
			return federation.Item{}, fmt.Errorf("%q is unknown: an item has %s", name,
				strings.Join(itemMembers, ", "))
		}
	}
	spec, ok := members["spec"].(map[string]any)
	if !ok {
		return federation.Item{}, errors.New("spec must be an object")
	}
	whole, err := putBack(spec, read)
	if err != nil {
		return federation.Item{}, err
	}
	var item federation.Item
	if item.Spec, err = json.Marshal(whole); err != nil {
		return federation.Item{}, err
	}
	if err := readHead(&item, members); err != nil {
		return federation.Item{}, err
	}
	return item.Seal()
}

// readHead reads everything but the spec.
func readHead(item *federation.Item, members map[string]any) error {
	delete(members, "spec")
	text, err := json.Marshal(members)
	if err != nil {
		return err
	}
	head := struct {
		Kind      string            `json:"kind"`
		Name      string            `json:"name"`
		Labels    map[string]string `json:"labels"`
		Version   *int64            `json:"version"`
		UpdatedAt *time.Time        `json:"updated_at"`
	}{}
	if err := json.Unmarshal(text, &head); err != nil {
		return err
	}
	if head.Kind == "" || head.Name == "" {
		return errors.New("an item needs kind and name")
	}
	if head.Version != nil && (*head.Version < 1 || *head.Version > federation.MaxVersion) {
		return fmt.Errorf("version must be 1 to %d", int64(federation.MaxVersion))
	}
	if head.UpdatedAt != nil && head.UpdatedAt.UTC().Year() < 1 {
		return errors.New("updated_at must be a time after the year 0")
	}
	item.Kind, item.Name, item.Labels = head.Kind, head.Name, head.Labels
	item.Version, item.UpdatedAt = 1, time.Unix(0, 0).UTC()
	if head.Version != nil {
		item.Version = *head.Version
	}
	if head.UpdatedAt != nil {
		item.UpdatedAt = *head.UpdatedAt
	}
	return nil
}
