package load

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// kindOfFile returns the kind that a file's name gives: agents.json or agent.json,
// and servers.json for MCP servers.
func kindOfFile(name string) (string, bool) {
	base, isJSON := strings.CutSuffix(name, ".json")
	if !isJSON {
		return "", false
	}
	if base == "servers" {
		return "mcp_server", true
	}
	return kinds.Parse(base)
}

// row is one element of a file, in the form in which it is sent to the registry.
type row struct {
	federation.Ref
	Body    body
	Model   string      // the model_config that must exist first; empty: none
	Version itemVersion // of a server or an agent card; its text is empty if it has none
}

// body is the body of the PUT request.
type body struct {
	Labels map[string]string `json:"labels,omitempty"`
	Spec   members           `json:"spec"`
}

// members are the members of a JSON object, each in its original text.
type members = map[string]json.RawMessage

// parseRow parses an element of a file. The kind is that of the file; if it is
// empty, the element names its own. An element with a spec is an item; without one
// it has the raw shape of its kind. Errors are *tenancy.Error.
func parseRow(kind string, raw []byte) (row, error) {
	canonical, err := federation.Canonical(raw)
	if err != nil {
		return row{}, err
	}
	var m members
	if json.Unmarshal(canonical, &m) != nil || m == nil {
		return row{}, tenancy.Errorf(tenancy.CodeInvalid, "a row must be a JSON object")
	}
	_, isItem := m["spec"]
	if shape := inferKind(m); shape != "" && !isItem {
		if kind == "" {
			kind = shape
		} else if isServerEntry(m) && kind != shape {
			return row{}, tenancy.Errorf(tenancy.CodeInvalid, "the row has the shape of a %s, but"+
				" the file has the kind %s", shape, kind)
		}
	}
	m, published, err := unwrapServer(m)
	if err != nil {
		return row{}, err
	}
	r := row{Ref: federation.Ref{Kind: kind}}
	if err := take(m, "name", &r.Name); err != nil {
		return r, err
	}
	if err := tenancy.CheckName(r.Name); err != nil {
		return r, err
	}
	if isItem {
		return r, r.fromItem(m)
	}
	switch kind {
	case "agent":
		if isCard(m) {
			r.Version.text = textOf(m["version"])
			return r, r.fromCard(m)
		}
		return r, r.fromAgent(m)
	case "prompt":
		return r, r.fromPrompt(m)
	case "mcp_server":
		err := r.fromServer(m)
		r.Version.text = textOf(m["version"])
		r.Version.published, _ = time.Parse(time.RFC3339, published) // zero: it isn't known
		return r, err
	}
	return r, tenancy.Errorf(tenancy.CodeInvalid,
		"a row must have the members name and spec; kind and labels are optional")
}

// fromItem parses {kind?, name, labels?, spec}. It ignores the members that a
// registry adds to an item in a response or an export.
func (r *row) fromItem(m members) error {
	kind := r.Kind
	if err := take(m, "kind", &kind); err != nil {
		return err
	}
	switch {
	case kind == "":
		return tenancy.Errorf(tenancy.CodeInvalid,
			"the kind is missing: set it with --kind or in the row")
	case r.Kind != "" && kind != r.Kind:
		return tenancy.Errorf(tenancy.CodeInvalid, "the row has the kind %s, but the file has"+
			" the kind %s", kind, r.Kind)
	}
	if _, known := kinds.Parse(kind); !known {
		return tenancy.Errorf(tenancy.CodeInvalid, "unknown kind %q", kind)
	}
	r.Kind = kind
	if err := take(m, "labels", &r.Body.Labels); err != nil {
		return err
	}
	if err := take(m, "spec", &r.Body.Spec); err != nil {
		return err
	}
	for _, added := range []string{"id", "digest", "version", "created_at", "updated_at"} {
		delete(m, added)
	}
	for unknown := range m {
		return tenancy.Errorf(tenancy.CodeUnknownField,
			"unknown member %q: an item's own fields belong in its spec", unknown)
	}
	return nil
}

// fromAgent parses {name, collection, model, …}. The collection becomes a label, the
// model a reference to a model_config of that name, and the rest the spec.
func (r *row) fromAgent(m members) error {
	if err := r.takeCollection(m); err != nil {
		return err
	}
	if err := take(m, "model", &r.Model); err != nil {
		return err
	}
	r.Body.Spec = m
	if r.Model != "" {
		r.Body.Spec["model_config"] = mustJSON(r.Model)
	}
	return nil
}

// fromPrompt parses {name, collection, …}. The collection becomes a label and the
// rest the spec.
func (r *row) fromPrompt(m members) error {
	r.Body.Spec = m
	return r.takeCollection(m)
}

// fromServer parses a row of the MCP registry's first seed format. No member is
// lost: the version is copied from version_detail, which stays in the spec, and the
// seed's id, which isn't the resource's id, becomes seed_id.
func (r *row) fromServer(m members) error {
	if id, ok := m["id"]; ok {
		delete(m, "id")
		m["seed_id"] = id
	}
	if raw, ok := m["version_detail"]; ok {
		var detail members
		if json.Unmarshal(raw, &detail) != nil {
			return tenancy.Errorf(tenancy.CodeInvalid, "version_detail must be an object")
		}
		_, hasVersion := m["version"]
		if version, ok := detail["version"]; ok && !hasVersion {
			m["version"] = version
		}
	}
	r.Body.Spec = m
	return nil
}

// takeCollection turns the member collection into a label. An empty one gives no label.
func (r *row) takeCollection(m members) error {
	var collection string
	if err := take(m, "collection", &collection); err != nil {
		return err
	}
	if collection != "" {
		r.Body.Labels = map[string]string{"collection": collection}
	}
	return nil
}

// take decodes a member into v and removes it from m. If there is no such member, v
// is unchanged.
func take(m members, name string, v any) error {
	raw, ok := m[name]
	if !ok {
		return nil
	}
	delete(m, name)
	if err := json.Unmarshal(raw, v); err != nil {
		return tenancy.Errorf(tenancy.CodeInvalid, "the member %q has the wrong type", name)
	}
	return nil
}

// modelConfig returns the model_config that is created for the agents of a model.
func modelConfig(model string) row {
	return row{
		Ref: federation.Ref{Kind: "model_config", Name: model},
		Body: body{Spec: members{
			"provider":   mustJSON(provider(model)),
			"model":      mustJSON(model),
			"parameters": json.RawMessage("{}"),
		}},
	}
}

// provider returns the provider of a model. The model "inherit" means that an agent
// uses its caller's model.
func provider(model string) string {
	if model == "inherit" {
		return "inherit"
	}
	family, _, _ := strings.Cut(strings.TrimPrefix(model, "claude-"), "-")
	switch family {
	case "sonnet", "opus", "haiku", "fable":
		return "anthropic"
	}
	return "unknown"
}

// mustJSON encodes a string, which can't fail.
func mustJSON(s string) json.RawMessage {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return raw
}
