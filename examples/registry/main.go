// Command registry is the reference registry: agents, prompts, MCP servers and related
// configuration of many tenants. It serves them, and it is the client of a running registry;
// see registry --help. The package cli has the command line, and from there on the folders
// below have one part each.
package main

import "github.com/bailiwick-go/bailiwick/examples/registry/cli"

func main() { cli.Main() }
