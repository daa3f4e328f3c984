package portstest

import (
	"context"
	"fmt"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// rightsEndDuringWrites are the cases in which a right ends while writes are in progress.
func rightsEndDuringWrites() []contractCase {
	var cases []contractCase
	for _, e := range storedEnds() {
		cases = append(cases, contractCase{
			name: "import in progress is refused after " + e.name, says: saysTaken,
			prove: func(p *probe) { p.refusesImportInProgress(e) },
		})
	}
	for _, e := range []rightEnd{keyEnds()[0], userEnds()[0], membershipEnd, tenantEnds()[0]} {
		cases = append(cases, contractCase{
			name: "no write commits once it is done: " + e.name, says: saysTaken,
			prove: func(p *probe) { p.noWriteCommitsAfter(e) },
		})
	}
	return cases
}

var makers = ports.ResourceQuery{Kind: "maker", Limit: 1000}

// refusesImportInProgress imports with a right that ends after the items were decided.
func (p *probe) refusesImportInProgress(e rightEnd) {
	right := e.right(p)
	err := p.Transfers.Import(tenancy.WithRight(p.ctx, right), p.acme,
		func(im ports.Import) error {
			if err := im.Stage(p.ctx, federation.Source{}, p.incoming(item("maker", "new", `{}`))); err != nil {
				return err
			}
			_, err := p.apply(im, writeAll)
			e.end(p, &right)
			return err
		})
	p.code(err, e.code, "Import after %s", e.name)
	p.noResource(p.acme, ref("maker", "new"), "after "+e.name)
}

// noWriteCommitsAfter lets several callers write with the same right until it ends. It
// requires that no item is added after the end was committed.
func (p *probe) noWriteCommitsAfter(e rightEnd) {
	right := e.right(p)
	ctx := tenancy.WithRight(p.ctx, right)
	const writers = 4
	started := make(chan struct{}, writers)
	var after int
	errs := atOnce(writers+1, func(i int) error {
		if i < writers {
			return p.writeUntilRefused(ctx, i, started)
		}
		for range writers {
			<-started
		}
		e.end(p, &right)
		after = len(p.names(p.acme, makers))
		return nil
	})
	for i, err := range errs[:writers] {
		p.code(err, e.code, "Put of writer %d after %s", i, e.name)
	}
	p.equal(len(p.names(p.acme, makers)), after, "the number of written items")
}

// writeUntilRefused puts new items until one is refused, and returns that error. It
// reports its first write.
func (p *probe) writeUntilRefused(
	ctx context.Context, writer int, started chan<- struct{},
) error {
	deadline := time.Now().Add(time.Minute) // a store that never refuses must not hang the test
	for n := 0; time.Now().Before(deadline); n++ {
		it := federation.Item{Ref: ref("maker", fmt.Sprintf("%d-%d", writer, n)),
			Spec: item("", "", `{}`).Spec}
		_, _, err := p.Resources.Put(ctx, p.acme, it, ports.Condition{})
		if n == 0 {
			started <- struct{}{}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ownRightEnds are the writes that end the right of their own caller.
func ownRightEnds() []contractCase {
	own := []struct {
		method string
		right  func(p *probe) tenancy.Right
		do     func(p *probe, ctx context.Context, r tenancy.Right) error
	}{
		{"Keys.Revoke", adminKey, func(p *probe, ctx context.Context, r tenancy.Right) error {
			return p.Keys.Revoke(ctx, p.acme, r.Principal.ID)
		}},
		{"Keys.Rotate", adminKey, func(p *probe, ctx context.Context, r tenancy.Right) error {
			_, err := p.Keys.Rotate(ctx, p.acme, r.Principal.ID, p.successor(92),
				time.Now().Add(-time.Minute))
			return err
		}},
		{"Members.Put", admin, func(p *probe, ctx context.Context, r tenancy.Right) error {
			_, _, err := p.Members.Put(ctx, p.acme, r.Principal.ID, tenancy.Viewer)
			return err
		}},
		{"Members.Change", admin, func(p *probe, ctx context.Context, r tenancy.Right) error {
			_, err := p.Members.Change(ctx, p.acme, r.Principal.ID, tenancy.Viewer)
			return err
		}},
		{"Members.Remove", admin, func(p *probe, ctx context.Context, r tenancy.Right) error {
			return p.Members.Remove(ctx, p.acme, r.Principal.ID)
		}},
		{"Users.Update", superAdmin, func(p *probe, ctx context.Context, r tenancy.Right) error {
			_, err := p.Users.Update(ctx, r.Principal.ID,
				ports.UserChange{SuperAdmin: new(false)})
			return err
		}},
		{"Users.Remove", superAdmin, func(p *probe, ctx context.Context, r tenancy.Right) error {
			return p.Users.Remove(ctx, r.Principal.ID)
		}},
		{"Sessions.Revoke", admin, func(p *probe, ctx context.Context, r tenancy.Right) error {
			return p.Sessions.Revoke(ctx, r.Principal.ID, r.Session)
		}},
		{"Sessions.RevokeAll", admin, func(p *probe, ctx context.Context, r tenancy.Right) error {
			return p.Sessions.RevokeAll(ctx, r.Principal.ID)
		}},
		{"Passwords.Set", superAdmin, func(p *probe, ctx context.Context, r tenancy.Right) error {
			return p.Passwords.Set(ctx, r.Principal.ID, "$hash$new", "")
		}},
		{"Tenants.Update", superAdminInAnyState,
			func(p *probe, ctx context.Context, _ tenancy.Right) error {
				t, err := p.Tenants.Get(p.ctx, p.acme)
				p.ok(err, "Tenants.Get")
				t.State, t.DeletedAt = tenancy.Deleted, time.Now()
				_, err = p.Tenants.Update(ctx, t)
				return err
			}},
		{"Tenants.Purge", superAdminInAnyState,
			func(p *probe, ctx context.Context, _ tenancy.Right) error {
				p.setState(p.acme, tenancy.Deleted)
				_, err := p.Tenants.Purge(ctx, p.acme)
				return err
			}},
	}
	var cases []contractCase
	for _, c := range own {
		cases = append(cases, contractCase{
			name: c.method + " may end its caller's right", says: saysOwn,
			prove: func(p *probe) {
				right := c.right(p)
				p.ok(c.do(p, tenancy.WithRight(p.ctx, right), right), "%s", c.method)
			},
		})
	}
	return cases
}
