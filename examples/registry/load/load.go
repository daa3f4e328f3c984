// Package load has the command that loads rows from JSON files into a tenant. It knows the
// raw shapes of agents, prompts and MCP servers in seed files.
package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// Cmd loads rows from files. It sends one request for each row, so a load isn't a
// transaction: the rows before an error stay loaded.
//
// Route: PUT /api/v1/K/NAME for each row; K is the kind's path.
type Cmd struct {
	apiclient.Flags
	Paths  []string `arg:"" name:"file" help:"JSON files, or a directory of them; - is standard input."`
	Tenant string   `env:"REGISTRY_TENANT" help:"The tenant to load into, by slug or id."`
	Kind   string   `help:"The rows' kind, such as agent. Default: the kind in the file's name (agents.json)."`
}

// Help describes the file formats and how a load treats refused rows.
func (c *Cmd) Help() string {
	return `A file is a JSON array of rows, one row, {"items": […]}, an object of rows by name, or a file of
the MCP registry ({"servers": […]}) or of ToolHive. A row is an item, {"name", "labels", "spec"} with
an optional "kind", or has one of these shapes:

agents: {"name", "collection", "model", …}. The collection becomes a label. The model becomes a
reference to a model_config of that name, which is created if the tenant has none. Every other member
is part of the spec.

prompts: {"name", "collection", …}. The collection becomes a label. Every other member is part of the
spec.

servers: server.json, alone or with the MCP registry's "_meta" as {"server", "_meta"}. Every member
but the name is part of the spec, where "id" is called seed_id. "version" is copied from
version_detail. Of several versions of a server the greatest is loaded, and the others are skipped.

agent cards of A2A: the url is the agent's endpoint. Every member but the name is part of the spec.

The kinds are agent, prompt, mcp_server, model_config, trust_rule, trigger, context_config and
defaults. A file named servers.json has the kind mcp_server.

Rows are created or replaced, so a load can be repeated. A refused row is reported with the reason and
with its position, counted from 0; the other rows are loaded. If a name appears more than once in a
file, the first row is loaded and the later ones are refused. Rows can refer to later rows of the same
file. In a directory, the files named after kinds are loaded, referenced kinds first.`
}

// Result is the output of load --json.
type Result struct {
	Loaded           int       `json:"loaded"`
	Refused          []Refusal `json:"refused"`
	Skipped          []Refusal `json:"skipped,omitempty"`            // older versions
	ModelConfigsMade []string  `json:"model_configs_made,omitempty"` // created for agents' models
	Error            string    `json:"error,omitempty"`              // why the load ended early
}

// Refusal describes a row that wasn't loaded.
type Refusal struct {
	File     string `json:"file"`
	Position int    `json:"position"` // in the file's array, from 0
	Name     string `json:"name"`
	Code     string `json:"code"`
	Reason   string `json:"reason"`
}

// Run loads the files and reports every refused row. An error that isn't about a row
// ends the load; what was done before is printed in any case.
func (c *Cmd) Run(ctx context.Context, t terminal.Terminal) error {
	client, err := apiclient.New(c.Flags, t)
	if err != nil {
		return err
	}
	client.Tenant = c.Tenant
	files, err := c.inputFiles(t)
	if err != nil {
		return err
	}
	result := Result{Refused: []Refusal{}}
	l := newLoader(client)
	for _, f := range files {
		var loaded Result
		if loaded, err = c.loadFile(ctx, t, l, f); err != nil {
			err = fmt.Errorf("%s: %w", f.path, err)
		}
		result.Loaded += loaded.Loaded
		result.Refused = append(result.Refused, loaded.Refused...)
		result.Skipped = append(result.Skipped, loaded.Skipped...)
		if !c.JSON && (err == nil || loaded.Loaded+len(loaded.Refused) > 0) {
			printFileResult(t, f.path, loaded)
		}
		if err != nil {
			break
		}
	}
	result.ModelConfigsMade = l.createdModels
	if failed := c.printSummary(t, result, err); failed != nil {
		return failed
	}
	if err == nil && len(result.Refused) > 0 {
		return terminal.ErrRefused
	}
	return err
}

// loadFile loads one file and shows the progress by bytes read.
func (c *Cmd) loadFile(
	ctx context.Context, t terminal.Terminal, l *loader, f inputFile,
) (Result, error) {
	file, err := t.Open(f.path)
	if err != nil {
		return Result{}, err
	}
	defer file.Close()
	bar := t.Progress(filepath.Base(f.path), f.size)
	defer bar.Done()
	return l.load(ctx, filepath.Base(f.path), f.kind, bar.Reader(file))
}

// printSummary prints the result of all files: as JSON, or else the model_configs
// that were created.
func (c *Cmd) printSummary(t terminal.Terminal, result Result, failed error) error {
	if c.JSON {
		if failed != nil {
			result.Error = failed.Error()
		}
		return t.PrintJSON(result)
	}
	if len(result.ModelConfigsMade) > 0 {
		t.PrintLine("created model_configs: %s", strings.Join(result.ModelConfigsMade, ", "))
	}
	return nil
}

// printFileResult prints the refused rows of one file and the counts.
func printFileResult(t terminal.Terminal, path string, result Result) {
	for _, r := range slices.Concat(result.Refused, result.Skipped) {
		t.PrintLine("%s: position %d, name %q: %s: %s", r.File, r.Position, r.Name, r.Code,
			r.Reason)
	}
	skipped := ""
	if n := len(result.Skipped); n > 0 {
		skipped = fmt.Sprintf(", %d skipped", n)
	}
	t.PrintLine("%s: %d loaded, %d refused%s", filepath.Base(path), result.Loaded,
		len(result.Refused), skipped)
}

// inputFile is a file to load. Without a kind, each row names its own.
type inputFile struct {
	path, kind string
	size       int64 // in bytes; -1: unknown
}

// inputFiles returns the files that the arguments name.
func (c *Cmd) inputFiles(t terminal.Terminal) ([]inputFile, error) {
	kind := ""
	if c.Kind != "" {
		var known bool
		if kind, known = kinds.Parse(c.Kind); !known {
			return nil, terminal.Usagef("unknown kind %q: use one of %s", c.Kind,
				strings.Join(kinds.Order, ", "))
		}
	}
	var files []inputFile
	for _, path := range c.Paths {
		if path == terminal.Standard {
			files = append(files, inputFile{path: path, kind: kind, size: -1})
			continue
		}
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil, terminal.Usagef("%s: no such file", path)
		case err != nil:
			return nil, err
		case !info.IsDir():
			f := inputFile{path: path, kind: kind, size: info.Size()}
			if kind == "" {
				f.kind, _ = kindOfFile(filepath.Base(path))
			}
			files = append(files, f)
		case kind != "":
			return nil, terminal.Usagef(
				"%s is a directory: omit --kind; the file names give the kinds",
				path)
		default:
			found, err := directoryFiles(t, path)
			if err != nil {
				return nil, err
			}
			files = append(files, found...)
		}
	}
	return files, nil
}

// directoryFiles returns the files of a directory that are named after kinds, in
// kinds.Order.
func directoryFiles(t terminal.Terminal, dir string) ([]inputFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []inputFile
	for _, e := range entries {
		kind, known := kindOfFile(e.Name())
		if known && !e.IsDir() {
			info, err := e.Info()
			if err != nil {
				return nil, err
			}
			files = append(files,
				inputFile{path: filepath.Join(dir, e.Name()), kind: kind, size: info.Size()})
		} else if strings.HasSuffix(e.Name(), ".json") {
			t.Note("%s: skipped, because its name isn't a kind", filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, terminal.Usagef("%s has no file to load: name files after their kind, such as"+
			" agents.json, prompts.json or servers.json", dir)
	}
	slices.SortStableFunc(files, func(a, b inputFile) int {
		return slices.Index(kinds.Order, a.kind) - slices.Index(kinds.Order, b.kind)
	})
	return files, nil
}
