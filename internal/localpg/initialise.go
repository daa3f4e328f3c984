//go:build unix

package localpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const superuser = "postgres"

// initialise answers the superuser's password and makes the cluster if there is
// none. The password is written before the cluster is, and the cluster gets its
// name when it is whole, so that a kill at any point leaves nothing half done.
func (h *house) initialise(ctx context.Context, o Options, bin string) (string, error) {
	_, err := os.Stat(h.data())
	if err == nil {
		return h.readPassword()
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	if err := writeSecret(h.password(), password); err != nil {
		return "", err
	}
	o.logf("making a PostgreSQL cluster in %s with %s", h.dir, bin)
	half := h.data() + ".new"
	if err := os.RemoveAll(half); err != nil {
		return "", err
	}
	if err := h.initdb(ctx, bin, half, password); err != nil {
		return "", err
	}
	return password, os.Rename(half, h.data())
}

func (h *house) readPassword() (string, error) {
	text, err := os.ReadFile(h.password())
	if err != nil {
		return "", fmt.Errorf("the cluster in %s is there, its superuser's password is not: %w",
			h.dir, err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (h *house) initdb(ctx context.Context, bin, data, password string) error {
	// initdb takes a password from a file only, and must be able to read it.
	file := filepath.Join(h.cluster(), "password")
	defer os.Remove(file)
	if err := writeSecret(file, password); err != nil {
		return err
	}
	if err := h.who.Own(file); err != nil {
		return err
	}
	args := []string{
		"-D", data, "-U", superuser, "--pwfile=" + file, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-instructions",
	}
	if h.throwaway {
		args = append(args, "--no-sync")
	} else {
		args = append(args, "--data-checksums")
	}
	cmd := h.who.Command(h.cluster(), filepath.Join(bin, "initdb"), args...)
	out, err := output(ctx, cmd)
	if err != nil {
		return fmt.Errorf("%s: %w; it said:\n%s", cmd.Path, err, out)
	}
	return nil
}

// writeSecret writes a new file that only its owner reads, in the place of any
// that is there.
func writeSecret(path, secret string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(secret + "\n")
	return errors.Join(err, file.Sync(), file.Close())
}
