package memorytest_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// repeated is the text of a part, again and again, until it has size bytes or more.
func repeated(part string, size int) io.Reader {
	block := strings.Repeat(part, max(1, 4096/len(part)))
	return &repeatReader{block: block, left: size}
}

type repeatReader struct {
	block  string
	offset int
	left   int // bytes; the block that is begun is read to its end
}

func (r *repeatReader) Read(p []byte) (int, error) {
	if r.left <= 0 && r.offset == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.block[r.offset:])
	r.offset = (r.offset + n) % len(r.block)
	r.left -= n
	return n, nil
}

// heapReader measures the live heap after each MiB.
type heapReader struct {
	r               io.Reader
	unmeasured      int
	before, highest uint64
}

func newHeapReader(r io.Reader) *heapReader {
	h := &heapReader{r: r}
	h.measure()
	h.before = h.highest
	return h
}

func (h *heapReader) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	if h.unmeasured += n; h.unmeasured > 1<<20 || err != nil {
		h.unmeasured = 0
		h.measure()
	}
	return n, err
}

func (h *heapReader) measure() {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	h.highest = max(h.highest, stats.HeapAlloc)
}

func (h *heapReader) growth() uint64 { return h.highest - h.before }

// TestMemoryOfReadBundleIsBoundedWhateverIsLong isn't parallel, because it measures the heap
// of the process.
func TestMemoryOfReadBundleIsBoundedWhateverIsLong(t *testing.T) {
	const item = `{"format_version":1,"items":[{`
	for name, c := range map[string]struct {
		start, part string
		code        tenancy.Code
	}{
		"white space before the bundle": {``, " \n", tenancy.CodeInvalidJSON},
		"white space in the items":      {`{"items":[`, "\t", tenancy.CodeInvalidJSON},
		"white space in an item":        {item, "\r\n  ", tenancy.CodeInvalidJSON},
		"white space in a spec":         {item + `"spec":{"x":`, " ", tenancy.CodeInvalidJSON},
		"white space between tokens": {item + `"spec":{"x":[`,
			"1" + strings.Repeat(" ", 300) + ",", tenancy.CodeTooLarge},
		"a name":               {item + `"name":"`, "n", tenancy.CodeTooLarge},
		"a kind":               {item + `"kind":"`, "k", tenancy.CodeTooLarge},
		"a digest":             {item + `"digest":"`, "d", tenancy.CodeTooLarge},
		"a time":               {item + `"updated_at":"`, "1", tenancy.CodeTooLarge},
		"the format":           {`{"format":"`, "f", tenancy.CodeTooLarge},
		"the tenant":           {`{"source":{"tenant":"`, "t", tenancy.CodeTooLarge},
		"a member of a bundle": {`{"`, "m", tenancy.CodeTooLarge},
		"a member of an item":  {item + `"`, "m", tenancy.CodeTooLarge},
		"a member of a spec":   {item + `"spec":{"`, "m", tenancy.CodeTooLarge},
		"a string":             {item + `"spec":{"x":"`, "s", tenancy.CodeTooLarge},
		"escape sequences":     {item + `"spec":{"x":"`, `\u0041`, tenancy.CodeTooLarge},
		"escaped quotes":       {item + `"name":"`, `\"`, tenancy.CodeTooLarge},
		"a number":             {item + `"spec":{"x":`, "1", tenancy.CodeTooLarge},
		"a version":            {item + `"version":`, "1", tenancy.CodeTooLarge},
		"the count":            {`{"count":1.`, "0", tenancy.CodeTooLarge},
		"an exponent":          {`{"count":1e`, "0", tenancy.CodeTooLarge},
		"a spec of arrays":     {item + `"spec":{"x":`, "[", tenancy.CodeInvalidJSON},
		"a spec of objects":    {item + `"spec":{"x":`, `{"a":`, tenancy.CodeInvalidJSON},
		"empty arrays":         {item + `"spec":{"x":[`, "[],", tenancy.CodeTooLarge},
		"empty labels":         {item + `"labels":{`, `"":"",`, tenancy.CodeInvalidJSON},
		"empty members":        {item + `"spec":{`, `"":"",`, tenancy.CodeInvalidJSON},
		"an unknown member":    {`{"x":`, "[1,2],", tenancy.CodeInvalidJSON},
		"what follows":         {`{"x":1}`, " ", tenancy.CodeUnknownField},
	} {
		t.Run(name, func(t *testing.T) {
			text := newHeapReader(io.MultiReader(strings.NewReader(c.start),
				repeated(c.part, hostileBytes)))
			err := readAll(text)
			assert.Equal(t, c.code, tenancy.CodeOf(err), "%v", err)
			assert.Less(t, text.growth(), uint64(48<<20))
		})
	}
}

func TestMemoryOfReadBundleIsBoundedForManyLabels(t *testing.T) {
	labels, out := io.Pipe()
	go func() { // ends when the test closes labels
		_, err := io.WriteString(out, `{"format_version":1,"items":[{"labels":{`)
		for i := 0; err == nil; i++ {
			_, err = io.WriteString(out, `"x`+string(rune(0x4e00+i))+`":"",`)
		}
	}()
	defer labels.Close()
	err := readAll(labels)
	require.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err), "%v", err)
}

func TestMemoryOfReadBundleIsBoundedForManyMembers(t *testing.T) {
	members, out := io.Pipe()
	go func() { // ends when the test closes members
		_, err := io.WriteString(out, `{"format_version":1,"items":[{"spec":{"x":[`)
		for err == nil {
			_, err = io.WriteString(out, strings.Repeat(`{"":0},`, 1000))
		}
	}()
	defer members.Close()
	text := newHeapReader(members)
	err := readAll(text)
	require.Equal(t, tenancy.CodeTooLarge, tenancy.CodeOf(err), "%v", err)
	assert.Less(t, text.growth(), uint64(48<<20))
}

func TestCompactReaderKeepsTheContentOfEveryText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(" \n", 40_000)
	for _, text := range []string{
		`{"a":"` + strings.Repeat(" ", 1000) + `\"` + strings.Repeat("\t", 1000) + `","b":[1, 2]}`,
		`{` + long + `"a"` + long + `:` + long + `1` + long + `2}`, `"\\"` + long + `"`, long, ``,
	} {
		compact, err := io.ReadAll(federation.NewCompactReader(strings.NewReader(text)))
		require.NoError(t, err)
		want, wantErr := federation.Canonical([]byte(text))
		got, gotErr := federation.Canonical(compact)
		assert.Equal(t, string(want), string(got))
		assert.Equal(t, tenancy.CodeOf(wantErr), tenancy.CodeOf(gotErr))
		assert.Less(t, len(compact), 4000)
	}
}

// readAll reads a bundle and returns the error that ends it.
func readAll(r io.Reader) error {
	for _, err := range federation.ReadBundle(r).Items() {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestReadBundleLimitsSizeOfOnePart(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]string{
		"a spec":     `{"format_version":1,"items":[{"spec":{"x":"`,
		"the source": `{"source":{"tenant":"`,
	} {
		t.Run(name, func(t *testing.T) {
			err := readAll(io.MultiReader(strings.NewReader(start), &endless{}))
			assert.Equal(t, tenancy.CodeTooLarge, tenancy.CodeOf(err))
		})
	}
}

// endless is a text without end. It fails after 1 GiB.
type endless struct{ total int }

func (e *endless) Read(p []byte) (int, error) {
	if e.total += len(p); e.total > 1<<30 {
		return 0, errors.New("read without bound")
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
