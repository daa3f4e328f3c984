package cli

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// versionCmd prints what this program was built from.
type versionCmd struct {
	JSON bool `name:"json" help:"Print JSON for programs."`
}

// version is the output of version --json.
type version struct {
	Version  string `json:"version"`            // of the module; (devel) for a checkout
	Revision string `json:"revision,omitempty"` // of the version control system
	Go       string `json:"go"`                 // the version of Go that built it
}

// Run prints the version.
func (c *versionCmd) Run(t terminal.Terminal) error {
	v := version{Version: "(devel)", Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.Version = cmp.Or(info.Main.Version, v.Version)
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	if c.JSON {
		return t.PrintJSON(v)
	}
	t.PrintLine("registry %s, %s", v.Version, v.Go)
	return nil
}
