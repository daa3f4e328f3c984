package folder

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// The names in a folder.
const (
	manifestFile = "bundle.yaml"
	attributes   = ".gitattributes"
	itemsFolder  = "items"
	textsEnding  = ".texts"
	newItems     = ".items-new" // while a folder is written
	oldItems     = ".items-old" // until the new items have taken its place
)

// keepLineEnds tells git to leave the bytes of the files as they are: an item's text may end its
// lines with CR LF.
const keepLineEnds = "/items/** -text\n"

// Unpack writes a bundle as the folder dir, and returns the bundle's manifest. It makes the folder,
// or replaces the items of one that has a bundle; other files in it, such as README.md, stay. A
// folder with other files and no bundle is refused. Nothing changes before the whole bundle was read
// and verified.
func Unpack(bundle io.Reader, dir string, n Notation) (federation.Manifest, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return federation.Manifest{}, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return federation.Manifest{}, err
	}
	defer root.Close()
	if err := checkOurs(root, dir); err != nil {
		return federation.Manifest{}, err
	}
	manifest, err := writeItems(root, bundle, n)
	if err != nil {
		return federation.Manifest{}, errors.Join(err, root.RemoveAll(newItems))
	}
	return manifest, finish(root, manifest)
}

// checkOurs refuses a folder that has files and no bundle.
func checkOurs(root *os.Root, dir string) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	others := false
	for _, e := range entries {
		switch e.Name() {
		case manifestFile, newItems, oldItems:
			return nil
		case ".git":
		default:
			others = true
		}
	}
	if others {
		return fmt.Errorf("%s has files and no %s: name a new folder, or one with a bundle", dir,
			manifestFile)
	}
	return nil
}

// writeItems writes all items into a folder next to those that are there.
func writeItems(root *os.Root, bundle io.Reader, n Notation) (federation.Manifest, error) {
	if err := root.RemoveAll(newItems); err != nil { // of an attempt that was killed
		return federation.Manifest{}, err
	}
	if err := root.Mkdir(newItems, 0o755); err != nil {
		return federation.Manifest{}, err
	}
	reader := federation.ReadBundle(bundle)
	for item, err := range reader.Items() {
		if err != nil {
			return federation.Manifest{}, err
		}
		if err := writeItem(root, item, n); err != nil {
			return federation.Manifest{}, fmt.Errorf("%s %s: %w", item.Kind, item.Name, err)
		}
	}
	return reader.Manifest(), nil
}

func writeItem(root *os.Root, item federation.Item, n Notation) error {
	text, found, err := fileOf(item, n)
	if err != nil {
		return err
	}
	place := path.Join(newItems, placeOf(item.Ref))
	if err := root.MkdirAll(path.Dir(place), 0o755); err != nil {
		return err
	}
	if err := root.WriteFile(place+"."+string(n), text, 0o644); err != nil {
		return err
	}
	if len(found) == 0 {
		return nil
	}
	if err := root.Mkdir(place+textsEnding, 0o755); err != nil {
		return err
	}
	for name, text := range found {
		if err := root.WriteFile(path.Join(place+textsEnding, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// placeOf returns the path of an item's file below the items, without its extension.
func placeOf(ref federation.Ref) string {
	return path.Join(fileName(ref.Kind), fileName(ref.Name))
}

// finish puts the new items in the place of the old ones. The manifest is written before, and the
// old items are kept until the new ones are there: whatever moment it is killed at, another try
// finishes.
func finish(root *os.Root, manifest federation.Manifest) error {
	if err := writeRootFiles(root, manifest); err != nil {
		return err
	}
	if err := root.RemoveAll(oldItems); err != nil {
		return err
	}
	if err := root.Rename(itemsFolder, oldItems); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := root.Rename(newItems, itemsFolder); err != nil {
		return err
	}
	return root.RemoveAll(oldItems)
}

func writeRootFiles(root *os.Root, manifest federation.Manifest) error {
	source := map[string]any{"instance": manifest.Source.Instance, "tenant": manifest.Source.Tenant}
	members := map[string]any{
		"format": federation.BundleFormat, "format_version": integer(int64(manifest.FormatVersion)),
		"source": source,
	}
	if manifest.FormatVersion > 1 {
		source["revision"] = integer(manifest.Source.Revision)
	}
	if signature := manifest.Signature; !signature.IsZero() {
		members["signature"] = map[string]any{"digest": string(manifest.Digest),
			"key_id": signature.KeyID, "value": base64.StdEncoding.EncodeToString(signature.Value)}
	}
	text := writeYAML(members, "format", "format_version", "source", "signature")
	if err := root.WriteFile(manifestFile, text, 0o644); err != nil {
		return err
	}
	kept, err := root.ReadFile(attributes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if strings.Contains("\n"+string(kept), "\n"+keepLineEnds) {
		return nil
	}
	return root.WriteFile(attributes, append(kept, keepLineEnds...), 0o644)
}

func integer(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }
