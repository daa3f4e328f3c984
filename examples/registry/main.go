package main

import "github.com/bailiwick-go/bailiwick/examples/registry/cli"

func main() { cli.Main() }
