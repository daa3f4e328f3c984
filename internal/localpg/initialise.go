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

// initialise makes the cluster if there is none, and returns the superuser's password. It writes
// the password before it makes the cluster, and renames the cluster when it is complete: after a
// kill at any point, the next start makes the cluster anew or finds it complete.
func (d *dataDir) initialise(ctx context.Context, o Options, bin string) (string, error) {
	_, err := os.Stat(d.data())
	if err == nil {
		return d.readPassword()
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	password := rand.Text()
	if err := writeSecret(d.password(), password); err != nil {
		return "", err
	}
	o.logf("making a PostgreSQL cluster in %s with %s", d.dir, bin)
	incomplete := d.data() + ".new"
	if err := os.RemoveAll(incomplete); err != nil {
		return "", err
	}
	if err := d.initdb(ctx, bin, incomplete, password); err != nil {
		return "", err
	}
	return password, os.Rename(incomplete, d.data())
}

func (d *dataDir) readPassword() (string, error) {
	text, err := os.ReadFile(d.password())
	if err != nil {
		return "", fmt.Errorf(
			"the cluster in %s exists, but its superuser's password can't be read: %w", d.dir, err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (d *dataDir) initdb(ctx context.Context, bin, data, password string) error {
	// initdb takes the password only from a file, which it must be able to read.
	file := filepath.Join(d.cluster(), "password")
	defer os.Remove(file)
	if err := writeSecret(file, password); err != nil {
		return err
	}
	if err := d.account.Chown(file); err != nil {
		return err
	}
	args := []string{
		"-D", data, "-U", superuser, "--pwfile=" + file, "--auth=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "--no-instructions",
	}
	if d.throwaway {
		args = append(args, "--no-sync")
	} else {
		args = append(args, "--data-checksums")
	}
	cmd := d.account.Command(d.cluster(), filepath.Join(bin, "initdb"), args...)
	out, err := output(ctx, cmd)
	if err != nil {
		return fmt.Errorf("%s: %w; its output:\n%s", cmd.Path, err, out)
	}
	return nil
}

// writeSecret writes a new file that only its owner can read. It replaces an existing one.
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
