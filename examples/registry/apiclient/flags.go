package apiclient

import "time"

// Flags holds the flags of every command that calls a running registry. There
// is no flag for the token, because every process can read a command line.
type Flags struct {
	URL  string `name:"url" env:"REGISTRY_URL" default:"http://127.0.0.1:8080" help:"The registry's address."`
	JSON bool   `name:"json" help:"Print JSON for programs."`

	Wait time.Duration `env:"REGISTRY_WAIT" default:"1m" help:"How long to wait for a registry that is starting."`
}
