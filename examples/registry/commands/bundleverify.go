package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
)

// bundleVerifyCmd reads a bundle or a folder to its end.
type bundleVerifyCmd struct {
	jsonFlag
	Path string `arg:"" type:"path" help:"The bundle's file or the folder; - is standard input."`
	Key  string `placeholder:"FILE|BASE64" xor:"signer" help:"Also verify the signature, by this public key."`
	URL  string `name:"url" placeholder:"URL" xor:"signer" help:"The same, by the keys of this registry."`
}

// Help says what is verified without a key.
func (bundleVerifyCmd) Help() string {
	return `Without --key and --url only the digests are verified: anyone can compute them. The key of a registry is in
public_key of GET /api/v1/instance.`
}

// Run verifies the bundle.
func (c *bundleVerifyCmd) Run(ctx context.Context, t terminal.Terminal) error {
	in, err := openBundle(t, c.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	bundle := federation.ReadBundle(in)
	for _, err := range bundle.Items() {
		if err != nil {
			return fmt.Errorf("%s: %w", c.Path, err)
		}
	}
	m := bundle.Manifest()
	if err := c.verifySignature(ctx, t, m); err != nil {
		return fmt.Errorf("%s: %w", c.Path, err)
	}
	return c.print(t, c.Path, m)
}

// verifySignature requires a signature by the key or by a key of the registry, if one is named.
func (c *bundleVerifyCmd) verifySignature(
	ctx context.Context, t terminal.Terminal, m federation.Manifest,
) error {
	switch {
	case c.Key != "":
		key, err := readKey(c.Key)
		if err != nil {
			return err
		}
		if m.Signature.IsZero() {
			return fmt.Errorf("the bundle isn't signed")
		}
		return trust.Verify(m, key)
	case c.URL != "":
		keys, err := keysOf(ctx, t, c.URL)
		if err != nil {
			return err
		}
		return trust.Policy{Required: true}.Check(m, keys)
	}
	return nil
}

// readKey returns the key that text is, or that the file has which it names.
func readKey(text string) (trust.PublicKey, error) {
	if key, err := trust.ParseKey(text); err == nil {
		return trust.NewPublicKey(key), nil
	}
	content, err := os.ReadFile(text)
	if err != nil {
		return trust.PublicKey{}, terminal.Usagef("--key is neither a public key in base64 nor a"+
			" file that can be read: %v", err)
	}
	key, err := trust.ParseKey(strings.TrimSpace(string(content)))
	if err != nil {
		return trust.PublicKey{}, terminal.Usagef("%s %v", text, err)
	}
	return trust.NewPublicKey(key), nil
}

// keysOf asks a registry for its keys. The request has no credentials.
func keysOf(ctx context.Context, t terminal.Terminal, url string) ([]trust.PublicKey, error) {
	client, err := apiclient.New(apiclient.Flags{URL: url}, t)
	if err != nil {
		return nil, err
	}
	resp, err := client.WithoutToken().Do(ctx, apiclient.Request{Method: http.MethodGet,
		Path: "/api/v1/instance"})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var instance struct {
		Keys []trust.PublicKey `json:"keys"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&instance)
	return instance.Keys, err
}

// bundleUpgradeCmd writes a bundle in the newest version of the format.
type bundleUpgradeCmd struct {
	jsonFlag
	File   string `arg:"" type:"path" help:"The bundle's file; - is standard input."`
	Output string `short:"o" type:"path" default:"-" placeholder:"FILE" help:"Write to FILE. Default: standard output."`
}

// Help says what an upgraded bundle lacks.
func (bundleUpgradeCmd) Help() string {
	return `A bundle of version 1 becomes one of version 2 with the revision 0, which says that it isn't known, and
without a signature. One of version 2 stays as it is.`
}

// Run upgrades the bundle.
func (c *bundleUpgradeCmd) Run(t terminal.Terminal) error {
	if c.JSON && c.Output == terminal.Standard {
		return terminal.Usagef("--json requires -o FILE:" +
			" without it the bundle is written to standard output")
	}
	in, err := t.Open(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	bundle := federation.ReadBundle(in)
	items, err := spool(t, c.File, func(w io.Writer) error { return writeItems(w, bundle) })
	if err != nil {
		return err
	}
	defer items.Close()
	m := bundle.Manifest()
	m.FormatVersion = federation.BundleVersion
	err = t.WriteFile(c.Output, func(w io.Writer) error { return m.Write(w, items) })
	if err != nil || c.Output == terminal.Standard {
		return err
	}
	return c.print(t, c.Output, m)
}

// writeItems writes the items as a bundle has them.
func writeItems(w io.Writer, bundle *federation.BundleReader) error {
	var line []byte
	for item, err := range bundle.Items() {
		if err != nil {
			return err
		}
		if _, err := w.Write(item.AppendJSON(line)); err != nil {
			return err
		}
		line = []byte{','}
	}
	return nil
}
