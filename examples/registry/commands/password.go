package commands

import "github.com/bailiwick-go/bailiwick/examples/registry/terminal"

// passwordFlag is the flag of the commands that set a password.
type passwordFlag struct {
	Password bool `help:"Set a password: prompted for on a terminal, otherwise the first line of standard input."`
}

// read returns nil without the flag.
func (a passwordFlag) read(t terminal.Terminal) (*string, error) {
	if !a.Password {
		return nil, nil
	}
	password, err := t.ReadPassword()
	if err != nil {
		return nil, err
	}
	return &password, nil
}
