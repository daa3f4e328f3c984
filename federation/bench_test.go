package federation_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
)

// sized returns a spec of about n bytes that looks like an agent's.
func sized(n int) string {
	return `{"description":"` + strings.Repeat("An agent that helps. ", n/42) +
		`","instructions":"` + strings.Repeat(`Say \"hi\".\n`, n/24) +
		`","priority":7,"weight":0.25,"tools":["a","b"],` +
		`"parameters":{"temperature":0.7,"limit":4096}}`
}

func BenchmarkSeal(b *testing.B) {
	for _, n := range []int{1 << 10, 30 << 10} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			item := item("a", sized(n))
			b.SetBytes(int64(len(item.Spec)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := item.Seal(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	kinds, item := registry(b), seal(b, "agent", "a", sized(1<<10), nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := kinds.Check(item); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkItems(b *testing.B) []federation.Item {
	items := make([]federation.Item, 1000)
	for i := range items {
		items[i] = seal(b, "agent", fmt.Sprintf("agent-%04d", i), sized(1<<10),
			map[string]string{"team": "a"})
	}
	return items
}

func BenchmarkAppendJSON(b *testing.B) {
	items := benchmarkItems(b)
	b.SetBytes(int64(len(bundleOf(b, items...))))
	b.ReportAllocs()
	var buffer []byte
	for b.Loop() {
		for _, item := range items {
			buffer = item.AppendJSON(buffer[:0])
			if _, err := io.Discard.Write(buffer); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkReadBundle(b *testing.B) {
	bundle := bundleOf(b, benchmarkItems(b)...)
	b.SetBytes(int64(len(bundle)))
	b.ReportAllocs()
	for b.Loop() {
		_, manifest, err := readAll(bytes.NewReader(bundle))
		require.NoError(b, err)
		require.Equal(b, 1000, manifest.Count)
	}
}
