package tenancy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// must stops the test if err isn't nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newChain returns a valid chain of n entries.
func newChain(t testing.TB, tenant tenancy.ID, n int) []tenancy.AuditEntry {
	var previous tenancy.AuditHash
	var all []tenancy.AuditEntry
	for i := range n {
		e, err := tenancy.Event{
			Action: "resource.update", Target: tenancy.AuditTarget{
				Kind: "agent", Name: fmt.Sprint("a<", i, ">")}, Details: map[string]any{"n": i},
		}.Entry(tenancy.WithRequest(tenancy.WithPrincipal(context.Background(),
			tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "u"}),
			tenancy.Request{Reason: "why"}))
		must(t, err)
		e.Seq, e.ID, e.Tenant, e.TenantSlug = int64(i)+1, tenancy.NewID().String(), tenant, "acme"
		e.At = time.Date(2030, 1, 1, 0, 0, i, 1000*i, time.UTC)
		e, err = e.Link(previous)
		must(t, err)
		previous = e.Hash
		all = append(all, e)
	}
	return all
}

// verify returns the last valid position of the chain and the first error.
func verify(entries []tenancy.AuditEntry, end tenancy.AuditChain) (tenancy.AuditChain, error) {
	var chain tenancy.AuditChain
	for _, e := range entries {
		if err := chain.Next(e); err != nil {
			return chain, err
		}
	}
	return chain, chain.Ends(end)
}

func TestUnalteredAuditChainIsValid(t *testing.T) {
	t.Parallel()
	for _, tenant := range []tenancy.ID{{}, tenancy.NewID()} {
		entries := newChain(t, tenant, 5)
		end := tenancy.AuditChain{Seq: 5, Hash: entries[4].Hash}
		got, err := verify(entries, end)
		must(t, err)
		if got != end {
			t.Errorf("the chain ends at %v; want %v", got, end)
		}

		read, err := tenancy.ParseAuditEntry(entries[2].Text, entries[2].Hash)
		must(t, err)
		if read.Tenant != entries[2].Tenant || read.Actor != entries[2].Actor ||
			read.Target != entries[2].Target ||
			string(read.Details) != `{"n":2,"reason":"why"}` {
			t.Errorf("read %+v; want %+v", read, entries[2])
		}
	}
	_, err := verify(nil, tenancy.AuditChain{})
	must(t, err) // a log without entries
}

// auditLog is the entries of one log.
type auditLog = []tenancy.AuditEntry

// TestAuditChainDetectsTampering alters a log in one place. The verification must
// stop at the first altered entry.
func TestAuditChainDetectsTampering(t *testing.T) {
	t.Parallel()
	foreign := newChain(t, tenancy.NewID(), 20)
	// each returns the altered log and the index of the first altered entry
	tamperings := map[string]func(r *rand.Rand, entries auditLog, i int) (auditLog, int){
		"a byte of the text": func(r *rand.Rand, entries auditLog, i int) (auditLog, int) {
			at := r.IntN(len(entries[i].Text))
			entries[i].Text = bytes.Clone(entries[i].Text)
			entries[i].Text[at] ^= byte(1 + r.IntN(255))
			return entries, i
		},
		"an additional member": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			entries[i].Text = slices.Concat([]byte(`{"more":1,`), entries[i].Text[1:])
			return entries, i
		},
		"a trailing space": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			entries[i].Text = append(bytes.Clone(entries[i].Text), ' ')
			return entries, i
		},
		"a bit of the hash": func(r *rand.Rand, entries auditLog, i int) (auditLog, int) {
			entries[i].Hash[r.IntN(32)] ^= 1
			return entries, i
		},
		"the sequence number": func(r *rand.Rand, entries auditLog, i int) (auditLog, int) {
			entries[i].Seq += 1 + r.Int64N(100)
			return entries, i
		},
		"the time": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			entries[i].At = entries[i].At.Add(time.Microsecond)
			return entries, i
		},
		"the id": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			entries[i].ID = tenancy.NewID().String()
			return entries, i
		},
		"another tenant's entry": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			moved := foreign[i]
			moved.Tenant = entries[i].Tenant
			entries[i] = moved
			return entries, i
		},
		"removed": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			return slices.Delete(entries, i, i+1), i
		},
		"inserted twice": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			return slices.Insert(entries, i, entries[i]), i + 1
		},
		"swapped with the next entry": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			i = min(i, len(entries)-2)
			entries[i], entries[i+1] = entries[i+1], entries[i]
			return entries, i
		},
		"swapped, sequence numbers kept": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			i = min(i, len(entries)-2)
			entries[i], entries[i+1] = entries[i+1], entries[i]
			entries[i].Seq, entries[i+1].Seq = entries[i+1].Seq, entries[i].Seq
			return entries, i
		},
		"truncated": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			return entries[:i], i
		},
		"rewritten to the end": func(_ *rand.Rand, entries auditLog, i int) (auditLog, int) {
			var before tenancy.AuditHash
			if i > 0 {
				before = entries[i-1].Hash
			}
			for j := i; j < len(entries); j++ {
				entries[j].Action = "resource.read"
				entries[j], _ = entries[j].Link(before)
				before = entries[j].Hash
			}
			return entries, len(entries)
		},
	}
	for name, tamper := range tamperings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := newChain(t, tenancy.NewID(), 20)
			r := rand.New(rand.NewPCG(1, 2))
			for n := 2; n <= len(whole); n++ {
				for i := range n {
					end := tenancy.AuditChain{Seq: int64(n), Hash: whole[n-1].Hash}
					tampered, bad := tamper(r, slices.Clone(whole[:n]), i)
					got, err := verify(tampered, end)
					WantCode(t, err, tenancy.CodeInvalid)
					if got.Seq != int64(bad) {
						t.Fatalf("the chain of %d is valid up to entry %d; want %d: %v", n,
							got.Seq, bad, err)
					}
				}
			}
		})
	}
}

func TestAuditChainErrorNamesTheEntry(t *testing.T) {
	t.Parallel()
	entries := newChain(t, tenancy.NewID(), 3)
	entries[1].Text = json.RawMessage(`{"nonsense":`)
	chain, err := verify(entries, tenancy.AuditChain{})
	if err == nil || !strings.Contains(err.Error(), "entry 2 ") {
		t.Errorf("%v doesn't name the entry", err)
	}
	if chain.Seq != 1 || chain.Next(entries[2]) == nil {
		t.Error("the chain advanced in spite of an error")
	}
}
