package federation

import (
	"io"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	// maxSpace is how many bytes of white space in a row are kept. It is more than an indented
	// text has, so that the places in errors are those of the original text.
	maxSpace = 256

	// maxRead limits one read, and so how far a parser reads ahead of the value that it needs.
	maxRead = 64 << 10
)

// compactReader passes a JSON text on without long white space. It is exact for valid JSON;
// other text stays invalid, because white space never disappears entirely.
type compactReader struct {
	r        io.Reader
	inString bool
	escaped  bool // the next byte of the string is escaped
	spaces   int  // bytes of white space in a row
	token    int  // bytes of the string, number or literal that is being read
	members  int  // colons outside strings: members of objects
	err      error
}

// NewCompactReader returns a reader of the JSON text in r without long white space. It reads
// at most 64 KiB at once and keeps nothing in memory. A string, a number or a literal of more
// than 8 MiB is [tenancy.CodeTooLarge]: a parser would have to hold it in memory as a whole.
func NewCompactReader(r io.Reader) io.Reader { return newCompactReader(r) }

func newCompactReader(r io.Reader) *compactReader { return &compactReader{r: r} }

// Read reads until it has something to return, because white space is left out.
func (c *compactReader) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if len(p) > maxRead {
		p = p[:maxRead]
	}
	for {
		n, err := c.r.Read(p)
		kept := c.compact(p[:n])
		if c.token > maxText {
			c.err = problem(tenancy.CodeTooLarge, "",
				"a string or number of the bundle is larger than %d bytes", maxText)
			return 0, c.err
		}
		if kept > 0 || err != nil || len(p) == 0 {
			return kept, err
		}
	}
}

// compact removes white space beyond maxSpace from p, and returns how many bytes remain.
func (c *compactReader) compact(p []byte) (kept int) {
	for _, b := range p {
		if !c.keeps(b) {
			continue
		}
		p[kept] = b
		kept++
	}
	return kept
}

// keeps reports whether a byte of the text is passed on.
func (c *compactReader) keeps(b byte) bool {
	if c.inString {
		c.token++
		switch {
		case c.escaped:
			c.escaped = false
		case b == '\\':
			c.escaped = true
		case b == '"':
			c.inString, c.token = false, 0
		}
		return true
	}
	switch b {
	case ' ', '\t', '\r', '\n':
		c.token = 0
		c.spaces++
		return c.spaces <= maxSpace
	case '"':
		c.inString, c.token = true, 0
	case '{', '}', '[', ']', ',':
		c.token = 0
	case ':':
		c.token = 0
		c.members++
	default:
		c.token++
	}
	c.spaces = 0
	return true
}
