package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type loadCmd struct {
	remote
	Paths  []string `arg:"" name:"file" help:"JSON files, or a folder of them."`
	Tenant string   `env:"REGISTRY_TENANT" help:"The tenant to load into, by slug or id."`
	Kind   string   `help:"The rows' kind: agent, prompt, mcp_server, model_config … Defaults to what the file's name says (agents.json, servers.json)."`
}

// Help is what registry load --help says at length.
func (c *loadCmd) Help() string {
	return `A file is a JSON array. Its rows are items, {"name", "labels", "spec"} and perhaps "kind", or have one of these shapes:

agents: {"name", "collection", "model", …}. The collection becomes a label; the model a reference to a model_config of that name, which is made if the tenant has none; all else is the spec.

prompts: {"name", "collection", …}. The collection becomes a label, all else is the spec.

servers: the MCP registry's seed. All of a row but its name is the spec; its "id" is called seed_id there, and "version" is taken from version_detail, which stays.

Rows are created or replaced, so a load can be repeated. A refused row is reported with its position, counted from 0, and the reason; the others are loaded. A name that stands in a file more than once is loaded from its first row; the later ones are refused. Rows may refer to later ones of the same file. Of a folder, the files with the names of kinds are loaded, what is referred to first.`
}

// loadResult is what --json prints.
type loadResult struct {
	Loaded           int       `json:"loaded"`
	Refused          []refusal `json:"refused"`
	ModelConfigsMade []string  `json:"model_configs_made,omitempty"`
	Error            string    `json:"error,omitempty"` // why the load ended early
}

// refusal is a row that wasn't loaded.
type refusal struct {
	File     string `json:"file"`
	Position int    `json:"position"` // in the file's array, from 0
	Name     string `json:"name"`
	Code     string `json:"code"`
	Reason   string `json:"reason"`
}

// Run loads the files and reports every row that was refused.
func (c *loadCmd) Run(ctx context.Context, t terminal) error {
	client, err := newClient(c.remote, t)
	if err != nil {
		return err
	}
	client.tenant = c.Tenant
	files, err := c.inputFiles(t)
	if err != nil {
		return err
	}
	result := loadResult{Refused: []refusal{}}
	l := newLoader(client)
	for _, f := range files {
		var loaded loadResult
		if loaded, err = c.loadFile(ctx, t, l, f); err != nil {
			err = fmt.Errorf("%s: %w", f.path, err)
		}
		result.Loaded += loaded.Loaded
		result.Refused = append(result.Refused, loaded.Refused...)
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
		return errRefused
	}
	return err
}

func (c *loadCmd) loadFile(
	ctx context.Context, t terminal, l *loader, f inputFile,
) (loadResult, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return loadResult{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return loadResult{}, err
	}
	bar := t.progress(filepath.Base(f.path), info.Size())
	defer bar.done()
	return l.load(ctx, filepath.Base(f.path), f.kind, bar.reader(file))
}

// printSummary prints what is left to say about all files.
func (c *loadCmd) printSummary(t terminal, result loadResult, failed error) error {
	if c.JSON {
		if failed != nil {
			result.Error = failed.Error()
		}
		return t.printJSON(result)
	}
	if len(result.ModelConfigsMade) > 0 {
		t.printLine("made model_configs: %s", strings.Join(result.ModelConfigsMade, ", "))
	}
	return nil
}

func printFileResult(t terminal, path string, result loadResult) {
	for _, r := range result.Refused {
		t.printLine("%s: position %d, name %q: %s: %s", r.File, r.Position, r.Name, r.Code, r.Reason)
	}
	t.printLine("%s: %d loaded, %d refused", filepath.Base(path), result.Loaded, len(result.Refused))
}

// inputFile is a file to load; kind is "" when its rows say it.
type inputFile struct{ path, kind string }

// inputFiles finds what the arguments name.
func (c *loadCmd) inputFiles(t terminal) ([]inputFile, error) {
	kind := ""
	if c.Kind != "" {
		var known bool
		if kind, known = parseKind(c.Kind); !known {
			return nil, usagef("there is no kind %q; one of %s", c.Kind,
				strings.Join(loadOrder, ", "))
		}
	}
	var files []inputFile
	for _, path := range c.Paths {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return nil, usagef("%s: there is no such file", path)
		case err != nil:
			return nil, err
		case !info.IsDir():
			f := inputFile{path: path, kind: kind}
			if kind == "" {
				f.kind, _ = kindOfFile(filepath.Base(path))
			}
			files = append(files, f)
		case kind != "":
			return nil, usagef("%s is a folder: leave --kind out, its files' names tell", path)
		default:
			inside, err := folderFiles(t, path)
			if err != nil {
				return nil, err
			}
			files = append(files, inside...)
		}
	}
	return files, nil
}

// folderFiles finds the files of a folder whose names are known, in loadOrder.
func folderFiles(t terminal, dir string) ([]inputFile, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files []inputFile
	for _, e := range entries {
		kind, known := kindOfFile(e.Name())
		if known && !e.IsDir() {
			files = append(files, inputFile{path: filepath.Join(dir, e.Name()), kind: kind})
		} else if strings.HasSuffix(e.Name(), ".json") {
			t.note("%s: left out, its name is no kind's", filepath.Join(dir, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, usagef("%s has no file to load: names are agents.json, prompts.json,"+
			" servers.json and so on", dir)
	}
	slices.SortStableFunc(files, func(a, b inputFile) int {
		return slices.Index(loadOrder, a.kind) - slices.Index(loadOrder, b.kind)
	})
	return files, nil
}
