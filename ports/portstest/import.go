package portstest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func transfersImport() []contractCase {
	return []contractCase{
		{
			name: "successful import is stored as a whole",
			says: "Import runs fn in one transaction: if fn returns nil, everything that it did" +
				" is stored",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "there", `{"size":1}`))
				before := p.get(p.acme, ref("widget", "there"))
				err := p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(item("widget", "there", `{"size":2}`),
						item("widget", "new", `{}`))), "Stage")
					_, err := p.apply(im, writeAll)
					p.noResource(p.acme, ref("widget", "new"), "during the import")
					p.sameResource(p.get(p.acme, before.Ref), before,
						"the stored item during the import")
					return err
				})
				p.ok(err, "Import")
				p.sameContent(p.get(p.acme, before.Ref).Item,
					p.normalized(item("widget", "there", `{"size":2}`)), "the overwritten item")
				p.get(p.acme, ref("widget", "new"))
			},
		},
		{
			name: "failed import stores nothing",
			says: "if fn returns an error, nothing is stored, and Import returns that error.",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "there", `{"size":1}`))
				before := p.export(p.acme, ports.Selection{})
				err := p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(
						item("widget", "there", `{"size":2}`), item("widget", "new", `{}`),
						item("settings", "default", `{"mode":"open"}`))), "Stage")
					_, err := p.apply(im, writeAll)
					p.ok(err, "Apply")
					return errCaller
				})
				p.equal(errors.Is(err, errCaller), true, "whether Import returns fn's error: %v",
					err)
				p.equal(bundleText(p.export(p.acme, ports.Selection{})), bundleText(before),
					"the export afterwards")
				p.equal(p.isPristine(p.acme), true, "whether the settings are pristine afterwards")
			},
		},
		{
			name: "import without apply stores nothing",
			says: "if fn returns nil, everything that it did is stored",
			prove: func(p *probe) {
				before := bundleText(p.export(p.acme, ports.Selection{}))
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					return im.Stage(p.ctx, federation.Source{}, p.incoming(item("widget", "new", `{}`)))
				}), "Import")
				p.equal(bundleText(p.export(p.acme, ports.Selection{})), before,
					"the export after an import that only staged")
			},
		},
		{
			name: "imports never overlap",
			says: "Two imports into one tenant never overlap.",
			prove: func(p *probe) {
				entered, released := make(chan struct{}), make(chan struct{})
				first := make(chan error, 1)
				var over atomic.Bool
				go func() {
					first <- p.Transfers.Import(p.ctx, p.acme, func(ports.Import) error {
						close(entered)
						<-released
						over.Store(true)
						return nil
					})
				}()
				select {
				case <-entered:
				case err := <-first:
					p.fail("the first Import = %v without running fn", err)
					return
				}
				time.AfterFunc(100*time.Millisecond, func() { close(released) })
				overlap := false
				err := p.Transfers.Import(p.ctx, p.acme, func(ports.Import) error {
					overlap = !over.Load()
					return nil
				})
				p.ok(err, "the second Import")
				p.ok(<-first, "the first Import")
				p.equal(overlap, false, "whether the second import runs during the first")
			},
		},
		{
			name: "concurrent imports all succeed",
			says: "Two imports into one tenant never overlap.",
			prove: func(p *probe) {
				errs := atOnce(5, func(n int) error {
					_, err := p.importItems(p.acme,
						item("widget", "w", fmt.Sprintf(`{"size":%d}`, n)),
						item("widget", fmt.Sprint(n), `{"parent":"w"}`))
					return err
				})
				for _, err := range errs {
					p.ok(err, "one of five imports at once")
				}
				p.equal(p.get(p.acme, ref("widget", "w")).Version, int64(5),
					"the version after five imports of it")
				p.equal(len(p.export(p.acme, ports.Selection{Kinds: []string{"widget"}})), 6,
					"the number of widgets")
			},
		},
		{
			name: "import touches one tenant",
			says: "Import runs fn in one transaction",
			isolates: []string{"Transfers.Import", "Import.Stage", "Import.Compare",
				"Import.Exists", "Import.Decide", "Import.Apply"},
			prove: func(p *probe) {
				p.put(p.globex, item("widget", "w", `{"size":1}`), item("widget", "theirs", `{}`))
				p.setSecret(p.globex, "s", "v")
				before := bundleText(p.export(p.globex, ports.Selection{}))
				var uses []federation.SecretUse
				err := p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(
						item("widget", "w", `{"size":2,"token":{"$secret":"s"}}`),
						item("settings", "default", `{"mode":"open"}`))), "Stage")
					seesOwnItems := func(pair ports.Pair) {
						p.equal(pair.Current == nil, pair.Incoming.Kind == "widget",
							"whether acme has no %s that only globex has", pair.Incoming.Name)
					}
					for _, pair := range p.comparePairs(im) {
						seesOwnItems(pair)
					}
					p.wantExists(im, ref("widget", "theirs"), false)
					p.ok(im.Decide(p.ctx, func(pair ports.Pair) (ports.Decision, error) {
						seesOwnItems(pair)
						return writeAll(pair.Incoming)
					}), "Decide")
					var err error
					uses, err = im.Apply(p.ctx)
					return err
				})
				p.ok(err, "Import")
				p.equal(len(uses), 1, "the number of acme's missing secrets, which only"+
					" globex has")
				p.equal(p.get(p.acme, ref("widget", "w")).Version, int64(1),
					"the version of what acme created")
				p.equal(bundleText(p.export(p.globex, ports.Selection{})), before,
					"globex's export afterwards")
				p.equal(p.isPristine(p.globex), true,
					"whether globex's settings are pristine afterwards")

				_, err = p.importItems(p.acme, item("widget", "x", `{"parent":"theirs"}`))
				p.code(err, tenancy.CodeDanglingReference,
					"Import into acme of a reference to globex's widget")
			},
		},
	}
}

func importStage() []contractCase {
	return []contractCase{
		{
			name: "stage takes any order",
			says: "Stage takes the incoming items, in any order",
			prove: func(p *probe) {
				_, err := p.importItems(p.acme, item("widget", "b", `{"parent":"a","maker":"m"}`),
					item("maker", "m", `{}`), item("widget", "a", `{"parent":"b"}`))
				p.ok(err, "Import")
				p.equal(refsOf(p.export(p.acme, ports.Selection{})), []federation.Ref{
					ref("maker", "m"), ref("settings", "default"), ref("widget", "a"),
					ref("widget", "b"),
				}, "the imported refs")
			},
		},
		{
			name: "stage refuses a duplicate ref",
			says: "each ref once (else [tenancy.CodeInvalid])",
			prove: func(p *probe) {
				_, err := p.importItems(p.acme, item("widget", "a", `{}`), item("maker", "a", `{}`),
					item("widget", "a", `{"size":1}`))
				p.code(err, tenancy.CodeInvalid, "Import of one ref twice")
				p.noResource(p.acme, ref("widget", "a"), "after that")
				_, err = p.importItems(p.acme, item("widget", "a", `{}`), item("maker", "a", `{}`),
					item("widget", "A", `{}`))
				p.ok(err, "Import of one name under two kinds and in two cases")
			},
		},
		{
			name: "stage stops at an error",
			says: "It stops at the first error of items and returns it.",
			prove: func(p *probe) {
				after := 0
				err := p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					return im.Stage(p.ctx, federation.Source{}, func(yield func(federation.Item, error) bool) {
						if !yield(p.normalized(item("widget", "a", `{}`)), nil) ||
							!yield(federation.Item{}, errCaller) {
							return
						}
						after++
					})
				})
				p.equal(errors.Is(err, errCaller), true,
					"whether Import returns the items' error: %v", err)
				p.equal(after, 0, "the number of items that Stage takes after the error")
				p.noResource(p.acme, ref("widget", "a"), "afterwards")
			},
		},
		{
			name: "compare pairs staged and stored items",
			says: "Compare calls yield with each staged item in the order of" +
				" [federation.Ref.Compare], paired with the target's item of that ref, or of the" +
				" name that it was given when it was taken; Current is nil if there is none. It may" +
				" be called again.",
			prove: func(p *probe) {
				stored := p.put(p.acme, item("widget", "b", `{"size":1,"token":"hunter2"}`),
					item("widget", "b", `{"size":2,"token":"hunter2"}`)).Item
				p.put(p.acme, item("widget", "not staged", `{}`))
				staged := []federation.Item{item("widget", "c", `{}`),
					item("widget", "b", `{"size":3}`), item("maker", "z", `{}`),
					item("widget", "B", `{}`)}
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(staged...)), "Stage")
					for range 2 {
						pairs := p.comparePairs(im)
						p.equal(pairRefs(pairs),
							[]federation.Ref{ref("maker", "z"), ref("widget", "B"),
								ref("widget", "b"), ref("widget", "c")}, "the refs")
						for _, pair := range pairs {
							p.equal(pair.Current != nil, pair.Incoming.Name == "b",
								"whether the target has %q", pair.Incoming.Name)
							if pair.Current != nil {
								p.sameItem(*pair.Current, stored, "the target's item")
								p.equal(pair.Current.Digest, p.normalized(stored).Digest,
									"its digest")
								p.noLeak(*pair.Current, "hunter2")
								p.sameContent(pair.Incoming, p.normalized(staged[1]),
									"the staged item")
							}
						}
					}
					return nil
				}), "Import")
			},
		},
		{
			name: "compare yields items as staged",
			says: "Compare calls yield with each staged item",
			prove: func(p *probe) {
				want := map[federation.Ref]federation.Item{}
				for it := range p.incoming(normalForms()...) {
					it.Version, it.UpdatedAt = 1<<52,
						time.Date(2001, 2, 3, 4, 5, 6, 789012000, time.UTC)
					want[it.Ref] = it
				}
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, func(yield func(federation.Item, error) bool) {
						for _, it := range want {
							if !yield(it, nil) {
								return
							}
						}
					}), "Stage")
					pairs := p.comparePairs(im)
					p.equal(len(pairs), len(want), "the number of pairs")
					for _, pair := range pairs {
						p.sameItem(pair.Incoming, want[pair.Incoming.Ref], "the staged item")
						p.equal(pair.Incoming.Digest, want[pair.Incoming.Ref].Digest, "its digest")
					}
					return nil
				}), "Import")
			},
		},
		{
			name: "unchanged item has the same digest",
			says: "Pair is a staged item and the target's item of the same ref,",
			prove: func(p *probe) {
				p.putReferenced()
				p.put(p.acme, normalForms()...)
				exported := p.export(p.acme, ports.Selection{})
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(exported...)), "Stage")
					for _, pair := range p.comparePairs(im) {
						if pair.Current == nil || pair.Current.Digest != pair.Incoming.Digest {
							p.fail("the target's %s %q differs from its own export",
								pair.Incoming.Kind, pair.Incoming.Name)
						}
					}
					return nil
				}), "Import")
			},
		},
		{
			name: "exists finds stored and staged items",
			says: "Exists reports whether the target or the staged items have ref,",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "stored", `{}`))
				p.ok(p.Transfers.Import(p.ctx, p.acme, func(im ports.Import) error {
					p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(item("widget", "staged", `{}`))), "Stage")
					p.wantExists(im, ref("widget", "stored"), true)
					p.wantExists(im, ref("widget", "staged"), true)
					p.wantExists(im, ref("maker", "stored"), false)
					p.wantExists(im, ref("maker", "staged"), false)
					p.wantExists(im, ref("widget", "Staged"), false)
					p.wantExists(im, ref("widget", "staged "), false)
					return nil
				}), "Import")
			},
		},
	}
}

// incoming returns items as a bundle has them: checked, sealed, with version 1 and a
// time in 2020, unless they have a version already.
func (p *probe) incoming(items ...federation.Item) iter.Seq2[federation.Item, error] {
	return func(yield func(federation.Item, error) bool) {
		for _, it := range items {
			sealed := p.normalized(it)
			if sealed.Version == 0 {
				sealed.Version, sealed.UpdatedAt = 1, bundleTime
			}
			if !yield(sealed, nil) {
				return
			}
		}
	}
}

var bundleTime = time.Date(2020, 2, 29, 12, 30, 45, 123456000, time.UTC)

func writeAll(it federation.Item) (ports.Decision, error) {
	return ports.Decision{Write: true, Item: it}, nil
}

// apply decides about the staged items and writes what is decided.
func (p *probe) apply(
	im ports.Import, decide func(federation.Item) (ports.Decision, error),
) ([]federation.SecretUse, error) {
	return decideAndApply(p.ctx, im, decide)
}

func decideAndApply(
	ctx context.Context, im ports.Import, decide func(federation.Item) (ports.Decision, error),
) ([]federation.SecretUse, error) {
	err := im.Decide(ctx, func(pair ports.Pair) (ports.Decision, error) {
		return decide(pair.Incoming)
	})
	if err != nil {
		return nil, err
	}
	return im.Apply(ctx)
}

// importItems imports items into tenant and writes all of them.
func (p *probe) importItems(
	tenant tenancy.ID, items ...federation.Item,
) ([]federation.SecretUse, error) {
	return p.importWith(p.ctx, tenant, writeAll, items...)
}

func (p *probe) importWith(
	ctx context.Context, tenant tenancy.ID, decide func(federation.Item) (ports.Decision, error),
	items ...federation.Item,
) (uses []federation.SecretUse, err error) {
	err = p.Transfers.Import(ctx, tenant, func(im ports.Import) error {
		if err := im.Stage(ctx, federation.Source{}, p.incoming(items...)); err != nil {
			return err
		}
		uses, err = decideAndApply(ctx, im, decide)
		return err
	})
	return uses, err
}

func (p *probe) comparePairs(im ports.Import) []ports.Pair {
	var pairs []ports.Pair
	p.ok(im.Compare(p.ctx, func(pair ports.Pair) error {
		pairs = append(pairs, pair)
		return nil
	}), "Compare")
	return pairs
}

// decidePairs decides to write nothing.
func (p *probe) decidePairs(im ports.Import) []ports.Pair {
	var pairs []ports.Pair
	p.ok(im.Decide(p.ctx, func(pair ports.Pair) (ports.Decision, error) {
		pairs = append(pairs, pair)
		return ports.Decision{}, nil
	}), "Decide")
	return pairs
}

func pairRefs(pairs []ports.Pair) []federation.Ref {
	refs := []federation.Ref{}
	for _, pair := range pairs {
		refs = append(refs, pair.Incoming.Ref)
	}
	return refs
}

func (p *probe) wantExists(im ports.Import, r federation.Ref, want bool) {
	got, err := im.Exists(p.ctx, r)
	p.ok(err, "Exists")
	p.equal(got, want, "Exists(%s %q)", r.Kind, r.Name)
}

// isPristine reports whether an import finds the tenant's settings pristine.
func (p *probe) isPristine(tenant tenancy.ID) (pristine bool) {
	p.ok(p.Transfers.Import(p.ctx, tenant, func(im ports.Import) error {
		p.ok(im.Stage(p.ctx, federation.Source{}, p.incoming(item("settings", "default", `{}`))), "Stage")
		for _, pair := range p.comparePairs(im) {
			pristine = pair.Pristine
		}
		return nil
	}), "Import")
	return pristine
}
