package main

import (
	"encoding/json"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// loadOrder is the order in which a folder is loaded: what is referred to
// comes first.
var loadOrder = []string{
	"model_config", "prompt", "mcp_server", "agent", "context_config", "trust_rule", "trigger",
	"defaults",
}

// kindPath is a kind's place in URLs.
func kindPath(kind string) string {
	if kind == "defaults" {
		return kind
	}
	return strings.ReplaceAll(kind, "_", "-") + "s"
}

// parseKind reads a kind's name or its place in URLs.
func parseKind(s string) (string, bool) {
	for _, kind := range loadOrder {
		if s == kind || s == kindPath(kind) {
			return kind, true
		}
	}
	return "", false
}

// kindOfFile reads the kind off a file's name: agents.json, agent.json, and
// servers.json for MCP servers.
func kindOfFile(name string) (string, bool) {
	base, isJSON := strings.CutSuffix(name, ".json")
	if !isJSON {
		return "", false
	}
	if base == "servers" {
		return "mcp_server", true
	}
	return parseKind(base)
}

// row is one element of a file, as it is sent to the registry.
type row struct {
	federation.Ref
	Body  body
	Model string // the model_config that must be there first, unless empty
}

// body is the body of a PUT.
type body struct {
	Labels map[string]string `json:"labels,omitempty"`
	Spec   members           `json:"spec"`
}

type members = map[string]json.RawMessage

// parseRow reads an element of a file of kind, which is "" when each element
// says it itself. An element with a spec is an item; one without has the raw
// shape of its kind. Errors are *tenancy.Error.
func parseRow(kind string, raw []byte) (row, error) {
	canonical, err := federation.Canonical(raw)
	if err != nil {
		return row{}, err
	}
	var m members
	if json.Unmarshal(canonical, &m) != nil || m == nil {
		return row{}, tenancy.Errorf(tenancy.CodeInvalid, "a row is a JSON object")
	}
	r := row{Ref: federation.Ref{Kind: kind}}
	if err := take(m, "name", &r.Name); err != nil {
		return r, err
	}
	if err := tenancy.CheckName(r.Name); err != nil {
		return r, err
	}
	if _, isItem := m["spec"]; isItem {
		return r, r.fromItem(m)
	}
	switch kind {
	case "agent":
		return r, r.fromAgent(m)
	case "prompt":
		return r, r.fromPrompt(m)
	case "mcp_server":
		return r, r.fromServer(m)
	}
	return r, tenancy.Errorf(tenancy.CodeInvalid,
		"a row has the members name and spec, and perhaps kind and labels")
}

// fromItem reads {kind?, name, labels?, spec}. What a registry adds to an item
// that it answers or exports is left out.
func (r *row) fromItem(m members) error {
	kind := r.Kind
	if err := take(m, "kind", &kind); err != nil {
		return err
	}
	switch {
	case kind == "":
		return tenancy.Errorf(tenancy.CodeInvalid,
			"nothing says of which kind this is: name it with --kind or in the row")
	case r.Kind != "" && kind != r.Kind:
		return tenancy.Errorf(tenancy.CodeInvalid, "this is a %s among rows of kind %s", kind,
			r.Kind)
	}
	if _, known := parseKind(kind); !known {
		return tenancy.Errorf(tenancy.CodeInvalid, "there is no kind %q", kind)
	}
	r.Kind = kind
	if err := take(m, "labels", &r.Body.Labels); err != nil {
		return err
	}
	if err := take(m, "spec", &r.Body.Spec); err != nil {
		return err
	}
	for _, answered := range []string{"id", "digest", "version", "created_at", "updated_at"} {
		delete(m, answered)
	}
	for unknown := range m {
		return tenancy.Errorf(tenancy.CodeUnknownField,
			"an item has no member %q; what belongs to it stands in its spec", unknown)
	}
	return nil
}

// fromAgent reads {name, collection, model, …}: collection becomes a label,
// model a reference to a model_config of that name, and the rest is the spec.
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

// fromPrompt reads {name, collection, …}: collection becomes a label, the rest
// is the spec.
func (r *row) fromPrompt(m members) error {
	r.Body.Spec = m
	return r.takeCollection(m)
}

// fromServer reads the first seed shape of the MCP registry. Nothing of it is
// lost: version_detail stays as it is beside the version taken from it, and the
// seed's id, which isn't the resource's, is called seed_id.
func (r *row) fromServer(m members) error {
	if id, ok := m["id"]; ok {
		delete(m, "id")
		m["seed_id"] = id
	}
	if raw, ok := m["version_detail"]; ok {
		var detail members
		if json.Unmarshal(raw, &detail) != nil {
			return tenancy.Errorf(tenancy.CodeInvalid, "version_detail is an object")
		}
		_, own := m["version"]
		if version, ok := detail["version"]; ok && !own {
			m["version"] = version
		}
	}
	r.Body.Spec = m
	return nil
}

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

// take moves a member into v, if it is there.
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

// modelConfig is the model_config made for the agents of one model.
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

// provider tells whose model it is; "inherit" means that of whoever calls the
// agent.
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

// mustJSON writes a string, which always works.
func mustJSON(s string) json.RawMessage {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return raw
}
