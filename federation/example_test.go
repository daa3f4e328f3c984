package federation_test

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/bailiwick-go/bailiwick/federation"
)

// Write and read a bundle of one item.
func ExampleManifest_Write() {
	item, err := federation.Item{
		Ref:     federation.Ref{Kind: "prompt", Name: "greeting"},
		Spec:    json.RawMessage(`{"template": "Say hi.", "priority": 1.0}`),
		Version: 1,
	}.Seal()
	if err != nil {
		panic(err)
	}
	digests := federation.NewDigester()
	digests.Add(item.Digest)
	manifest := federation.Manifest{
		Source: federation.Source{Instance: "0198c0de-0000-7000-8000-000000000001",
			Tenant: "staging"},
		Count:  digests.Count(),
		Digest: digests.Sum(),
	}
	var bundle bytes.Buffer
	if err := manifest.Write(&bundle, bytes.NewReader(item.AppendJSON(nil))); err != nil {
		panic(err)
	}

	reader := federation.ReadBundle(&bundle)
	for item, err := range reader.Items() {
		if err != nil {
			panic(err)
		}
		fmt.Println(item.Kind, item.Name, string(item.Spec))
	}
	fmt.Println(reader.Manifest().Source.Tenant, reader.Manifest().Count)
	// Output:
	// prompt greeting {"priority":1,"template":"Say hi."}
	// staging 1
}

// Find out what an import would change.
func ExampleDiff() {
	current := federation.Item{Spec: json.RawMessage(`{"prompts":["hello"],"tools":[]}`)}
	incoming := federation.Item{Spec: json.RawMessage(`{"prompts":["hello","bye"],"tools":[]}`)}
	for _, d := range federation.Diff(current, incoming) {
		fmt.Println(d.Path, string(d.To))
	}
	// Output: /spec/prompts/1 "bye"
}

// Check an item against its kind.
func ExampleKinds_Check() {
	kinds, err := federation.NewKinds(federation.Kind{
		Name: "trust_rule",
		Fields: []federation.Field{
			{Name: "effect", Type: federation.String, Enum: []string{"allow", "deny"}}},
	})
	if err != nil {
		panic(err)
	}
	_, err = kinds.Check(federation.Item{
		Ref:  federation.Ref{Kind: "trust_rule", Name: "no-robots"},
		Spec: json.RawMessage(`{"effect":"maybe"}`),
	})
	fmt.Println(err)
	// Output: invalid: /spec/effect must be one of allow, deny
}

// A table that stores nothing but its columns is a closed kind.
func ExampleKind_closed() {
	kinds, _ := federation.NewKinds(federation.Kind{Name: "product", NoLabels: true, Closed: true,
		Fields: []federation.Field{{Name: "price", Type: federation.Integer}}})
	_, err := kinds.Check(federation.Item{Ref: federation.Ref{Kind: "product", Name: "pen"},
		Spec: json.RawMessage(`{"price":2,"color":"red"}`)})
	fmt.Println(err)
	// Output: unknown_field: /spec/color is an unknown member
}
