package folder

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/federation"
)

// longestFile is the size of the longest file that is read, in bytes.
const longestFile = 16 << 20

// Pack writes the folder dir as a bundle, and returns its manifest. Every file below items must
// belong to an item, and have the name that [Unpack] would give it: nothing is left out without a
// word. Nothing is written before all files were read. If an item was changed since the bundle was
// unpacked, the new bundle isn't signed.
func Pack(dir string, w io.Writer) (federation.Manifest, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return federation.Manifest{}, err
	}
	defer root.Close()
	manifest, signedDigest, err := readManifest(root)
	if err != nil {
		return federation.Manifest{}, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if err := checkComplete(root); err != nil {
		return federation.Manifest{}, err
	}
	found, err := findItems(root)
	if err != nil {
		return federation.Manifest{}, err
	}
	digester := federation.NewDigester()
	for _, f := range found {
		digester.Add(f.digest)
	}
	manifest.Count, manifest.Digest = digester.Count(), digester.Sum()
	if manifest.Digest != signedDigest {
		manifest.Signature = federation.Signature{}
	}
	return manifest, manifest.Write(w, &itemsReader{root: root, left: found})
}

// checkComplete refuses a folder in which unpacking was interrupted. One without items is an empty
// bundle: git keeps no empty folders.
func checkComplete(root *os.Root) error {
	for _, name := range []string{newItems, oldItems} {
		if _, err := root.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there: unpacking was interrupted, so unpack the bundle again", name)
		}
	}
	return nil
}

// file is the file of an item.
type file struct {
	path     string
	notation Notation
	ref      federation.Ref
	digest   federation.Digest
}

// findItems returns the files of all items in the order of a bundle.
func findItems(root *os.Root) ([]file, error) {
	var found []file
	unused := map[string]bool{} // files of texts
	err := fs.WalkDir(root.FS(), itemsFolder, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if !e.Type().IsRegular() {
			return fmt.Errorf("%s: only plain files are read", name)
		}
		f := file{path: name, notation: Notation(strings.TrimPrefix(path.Ext(name), "."))}
		switch {
		case strings.HasSuffix(path.Dir(name), textsEnding):
			unused[name] = true
		case f.notation == YAML || f.notation == JSON:
			found = append(found, f)
		default:
			return fmt.Errorf("%s belongs to no item: remove it", name)
		}
		return nil
	})
	if err != nil && !(errors.Is(err, fs.ErrNotExist) && len(found) == 0) {
		return nil, err
	}
	for i := range found {
		if err := found[i].identify(root, unused); err != nil {
			return nil, fmt.Errorf("%s: %w", found[i].path, err)
		}
	}
	for name := range unused {
		return nil, fmt.Errorf("%s is a text that no item names: remove it", name)
	}
	slices.SortFunc(found, func(a, b file) int { return a.ref.Compare(b.ref) })
	for i := 1; i < len(found); i++ {
		if found[i].ref == found[i-1].ref {
			return nil, fmt.Errorf("%s and %s are the same item: remove one", found[i-1].path, found[i].path)
		}
	}
	return found, nil
}

// identify reads the item, and takes its texts out of unused.
func (f *file) identify(root *os.Root, unused map[string]bool) error {
	item, used, err := f.read(root)
	if err != nil {
		return err
	}
	want := path.Join(itemsFolder, placeOf(item.Ref)) + "." + string(f.notation)
	if f.path != want {
		return fmt.Errorf("the file of %s %s must have the name %s", item.Kind, item.Name, want)
	}
	for _, name := range used {
		delete(unused, name)
	}
	f.ref, f.digest = item.Ref, item.Digest
	return nil
}

// read reads the item, and returns the files of its texts.
func (f *file) read(root *os.Root) (item federation.Item, used []string, err error) {
	text, err := readFile(root, f.path)
	if err != nil {
		return federation.Item{}, nil, err
	}
	folder := strings.TrimSuffix(f.path, "."+string(f.notation)) + textsEnding
	item, err = itemOf(text, f.notation, func(name string) (string, error) {
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, `/\`) {
			return "", fmt.Errorf("%q is no name of a file in %s", name, folder)
		}
		used = append(used, path.Join(folder, name))
		text, err := readFile(root, path.Join(folder, name))
		return string(text), err
	})
	return item, used, err
}

func readFile(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, longestFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > longestFile {
		return nil, fmt.Errorf("%s is longer than %d bytes", name, longestFile)
	}
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%s isn't UTF-8", name)
	}
	return text, nil
}

// itemsReader yields the items as a bundle has them. Each file is read a second time, so that
// memory doesn't grow with their number.
type itemsReader struct {
	root    *os.Root
	left    []file
	buffer  bytes.Buffer
	started bool
}

func (r *itemsReader) Read(p []byte) (int, error) {
	for r.buffer.Len() == 0 {
		if len(r.left) == 0 {
			return 0, io.EOF
		}
		f := r.left[0]
		r.left = r.left[1:]
		item, _, err := f.read(r.root)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", f.path, err)
		}
		if item.Ref != f.ref || item.Digest != f.digest {
			return 0, fmt.Errorf("%s was changed meanwhile: try again", f.path)
		}
		if r.started {
			r.buffer.WriteByte(',')
		}
		r.started = true
		r.buffer.Write(item.AppendJSON(nil))
	}
	return r.buffer.Read(p)
}

// manifestOfFolder is the content of manifestFile.
type manifestOfFolder struct {
	Format        string           `json:"format"`
	FormatVersion int              `json:"format_version"`
	Source        sourceOfFolder   `json:"source"`
	Signature     *signatureOfFile `json:"signature"`
}

type sourceOfFolder struct {
	Instance string `json:"instance"`
	Tenant   string `json:"tenant"`
	Revision *int64 `json:"revision"`
}

type signatureOfFile struct {
	Digest federation.Digest `json:"digest"` // of the bundle that was signed
	KeyID  string            `json:"key_id"`
	Value  []byte            `json:"value"`
}

// readManifest returns the manifest without what the items tell, and the digest that the signature
// covers.
func readManifest(root *os.Root) (m federation.Manifest, signed federation.Digest, err error) {
	var f manifestOfFolder
	if err := f.read(root); err != nil {
		return m, "", err
	}
	m.FormatVersion = f.FormatVersion
	m.Source = federation.Source{Instance: f.Source.Instance, Tenant: f.Source.Tenant}
	if f.Source.Revision != nil {
		m.Source.Revision = *f.Source.Revision
	}
	if s := f.Signature; s != nil {
		m.Signature, signed = federation.Signature{KeyID: s.KeyID, Value: s.Value}, s.Digest
	}
	return m, signed, nil
}

func (f *manifestOfFolder) read(root *os.Root) error {
	text, err := readFile(root, manifestFile)
	if err != nil {
		return err
	}
	tree, err := readYAML(text)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(tree)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(plain))
	d.DisallowUnknownFields()
	if err := d.Decode(f); err != nil {
		return err
	}
	return f.check()
}

// check refuses what no bundle has.
func (f manifestOfFolder) check() error {
	switch {
	case f.Format != federation.BundleFormat || f.FormatVersion < 1:
		return fmt.Errorf("format must be %q, and format_version a number", federation.BundleFormat)
	case f.FormatVersion > federation.BundleVersion:
		return fmt.Errorf("the format_version %d is newer than %d: use a newer release",
			f.FormatVersion, federation.BundleVersion)
	case f.FormatVersion == 1 && (f.Source.Revision != nil || f.Signature != nil):
		return errors.New("format_version 1 has no revision and no signature")
	case f.FormatVersion > 1 && (f.Source.Revision == nil || *f.Source.Revision < 0):
		return errors.New("source must have the revision, a number from 0")
	case f.Signature != nil && (f.Signature.KeyID == "" || len(f.Signature.Value) != ed25519.SignatureSize):
		return errors.New("the signature must have digest, key_id and value")
	}
	return nil
}
