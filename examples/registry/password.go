package main

// passwordFlag is the flag of the commands that set a password.
type passwordFlag struct {
	Password bool `help:"Set a password: prompted for on a terminal, otherwise the first line of standard input."`
}

// read returns nil without the flag.
func (a passwordFlag) read(t terminal) (*string, error) {
	if !a.Password {
		return nil, nil
	}
	password, err := t.readPassword()
	if err != nil {
		return nil, err
	}
	return &password, nil
}
