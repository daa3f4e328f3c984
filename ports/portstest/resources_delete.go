package portstest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func resourcesDelete() []contractCase {
	return []contractCase{
		{
			name: "delete removes the resource",
			says: "Delete removes the resource.",
			prove: func(p *probe) {
				before := p.put(p.acme, item("widget", "w", `{"size":1}`),
					item("widget", "w", `{"size":2}`))
				p.put(p.acme, item("widget", "kept", `{}`))
				p.deleteItem(p.acme, before.Ref)
				p.noResource(p.acme, before.Ref, "after Delete")
				p.equal(p.names(p.acme, ports.ResourceQuery{Kind: "widget"}), []string{"kept"},
					"the listed widgets")
				p.equal(len(p.export(p.acme, ports.Selection{Kinds: []string{"widget"}})), 1,
					"the number of exported widgets")

				again, created, err := p.Resources.Put(p.ctx, p.acme, item("widget", "w", `{}`),
					ports.Condition{})
				p.ok(err, "Put after Delete")
				p.equal(created, true, "whether Put after Delete reports a new item")
				p.equal(again.Version, int64(1), "the version after that")
			},
		},
		{
			name:     "delete removes only the tenant's own resource",
			says:     "[tenancy.CodeNotFound] if there is none",
			isolates: []string{"Resources.Delete"},
			prove: func(p *probe) {
				w := p.put(p.acme, item("widget", "w", `{}`)).Ref
				p.code(p.Resources.Delete(p.ctx, p.globex, w, ports.Condition{}),
					tenancy.CodeNotFound, "Delete by globex of acme's widget")
				p.get(p.acme, w)
				p.put(p.globex, item("widget", "w", `{}`))
				p.deleteItem(p.globex, w)
				p.get(p.acme, w)
				p.code(p.Resources.Delete(p.ctx, p.globex, w, ports.Condition{}),
					tenancy.CodeNotFound, "Delete of a deleted resource")
				p.code(p.Resources.Delete(p.ctx, p.acme, ref("maker", "w"), ports.Condition{}),
					tenancy.CodeNotFound, "Delete of another kind")
			},
		},
		{
			name: "delete refuses a referenced resource",
			says: "[tenancy.CodeReferenced] with the member \"referrers\" ([]federation.Ref," +
				" sorted) while another item refers to it",
			prove: func(p *probe) {
				p.put(p.acme,
					item("maker", "x", `{}`), item("part", "x", `{}`), item("widget", "x", `{}`),
					item("widget", "by subject", `{"subject":{"kind":"maker","name":"x"}}`),
					item("widget", "by maker", `{"maker":"x"}`),
					item("widget", "by part", `{"parts":["x"]}`),
					item("widget", "by parts and subject",
						`{"parts":["x"],"subject":{"kind":"part","name":"x"}}`),
					item("widget", "by parent", `{"parent":"x"}`),
					item("settings", "default", `{"maker":"x"}`))
				p.wantReferrers(ref("maker", "x"), ref("settings", "default"),
					ref("widget", "by maker"),
					ref("widget", "by subject"))
				p.wantReferrers(ref("part", "x"), ref("widget", "by part"),
					ref("widget", "by parts and subject"))
				p.wantReferrers(ref("widget", "x"), ref("widget", "by parent"))

				p.put(p.acme, item("widget", "by parent", `{}`))
				p.deleteItem(p.acme, ref("widget", "x"))
				p.deleteItem(p.acme, ref("widget", "by part"))
				p.put(p.acme, item("widget", "by parts and subject",
					`{"subject":{"kind":"maker","name":"x"}}`))
				p.deleteItem(p.acme, ref("part", "x"))
				p.wantReferrers(ref("maker", "x"),
					ref("settings", "default"), ref("widget", "by maker"),
					ref("widget", "by parts and subject"), ref("widget", "by subject"))
			},
		},
		{
			name: "delete removes a resource that refers to itself",
			says: "while another item refers to it",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "itself", `{"parent":"itself"}`))
				p.deleteItem(p.acme, ref("widget", "itself"))
				p.noResource(p.acme, ref("widget", "itself"), "after Delete")
				p.put(p.acme, item("widget", "a", `{}`), item("widget", "b", `{"parent":"a"}`),
					item("widget", "a", `{"parent":"b"}`))
				p.wantReferrers(ref("widget", "a"), ref("widget", "b"))
				p.wantReferrers(ref("widget", "b"), ref("widget", "a"))
			},
		},
		{
			name:     "delete ignores another tenant's references",
			says:     "while another item refers to it",
			isolates: []string{"Resources.Delete"},
			prove: func(p *probe) {
				for _, tenant := range []tenancy.ID{p.acme, p.globex} {
					p.put(tenant, item("maker", "m", `{}`))
				}
				p.put(p.globex, item("widget", "w", `{"maker":"m"}`))
				p.deleteItem(p.acme, ref("maker", "m"))
				p.get(p.globex, ref("maker", "m"))
			},
		},
		{
			name: "delete refuses a singleton",
			says: "[tenancy.CodeNotDeletable] for a singleton, which [tenancy.CodeNotFound]" +
				" precedes if the name isn't the singleton's",
			prove: func(p *probe) {
				settings := ref("settings", "default")
				p.code(p.Resources.Delete(p.ctx, p.acme, settings, ports.Condition{}),
					tenancy.CodeNotDeletable, "Delete of the settings")
				p.put(p.acme, item("settings", "default", `{"mode":"open"}`))
				p.code(p.Resources.Delete(p.ctx, p.acme, settings, ports.Condition{}),
					tenancy.CodeNotDeletable, "Delete of changed settings")
				p.code(p.Resources.Delete(p.ctx, p.acme, ref("settings", "other"),
					ports.Condition{}), tenancy.CodeNotFound, "Delete of settings that aren't there")
				p.get(p.acme, settings)
			},
		},
	}
}

func resourcesConditions() []contractCase {
	conditions := []struct {
		cond           ports.Condition
		atTwo, nothing tenancy.Code // the codes if version 2 is stored, and if nothing is
	}{
		{ports.Condition{}, "", ""},
		{ports.Condition{Version: 1}, tenancy.CodeVersionMismatch, tenancy.CodeVersionMismatch},
		{ports.Condition{Version: 2}, "", tenancy.CodeVersionMismatch},
		{ports.Condition{Version: 3}, tenancy.CodeVersionMismatch, tenancy.CodeVersionMismatch},
		{ports.Condition{ID: "x"}, tenancy.CodeVersionMismatch, tenancy.CodeVersionMismatch},
		{ports.Condition{Exists: true}, "", tenancy.CodeVersionMismatch},
		{ports.Condition{Absent: true}, tenancy.CodeAlreadyExists, ""},
	}
	return []contractCase{
		{
			name: "put checks its condition",
			says: "if cond doesn't hold, the error is the one of the condition.",
			prove: func(p *probe) {
				for n, c := range conditions {
					it := item("widget", fmt.Sprint(n), `{}`)
					_, created, err := p.Resources.Put(p.ctx, p.acme, it, c.cond)
					p.code(err, c.nothing, "Put(%+v) where nothing is stored", c.cond)
					p.equal(created, c.nothing == "", "whether Put(%+v) reports a new item", c.cond)

					it.Name += " stored"
					before := p.put(p.acme, it, withSpec(it, `{"size":2}`))
					_, created, err = p.Resources.Put(p.ctx, p.acme, withSpec(it, `{"size":3}`),
						c.cond)
					p.code(err, c.atTwo, "Put(%+v) over version 2", c.cond)
					p.equal(created, false, "whether Put(%+v) reports a new item", c.cond)
					if c.atTwo != "" {
						p.sameResource(p.get(p.acme, it.Ref), before,
							"the stored resource after a refused Put")
					}
				}
			},
		},
		{
			name: "delete checks its condition",
			says: "if cond doesn't hold, the error is the one of the condition.",
			prove: func(p *probe) {
				for n, c := range conditions {
					it := item("widget", fmt.Sprint(n), `{}`)
					before := p.put(p.acme, it, withSpec(it, `{"size":2}`))
					err := p.Resources.Delete(p.ctx, p.acme, it.Ref, c.cond)
					p.code(err, c.atTwo, "Delete(%+v) of version 2", c.cond)
					if c.atTwo != "" {
						p.sameResource(p.get(p.acme, it.Ref), before,
							"the stored resource after a refused Delete")
					}
				}
			},
		},
		{
			name: "version condition needs the version",
			says: "the item must have this version, else [tenancy.CodeVersionMismatch]; also if" +
				" it doesn't exist",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "w", `{}`))
				errs := atOnce(10, func(int) error {
					_, _, err := p.Resources.Put(p.ctx, p.acme, item("widget", "w", `{"size":1}`),
						ports.Condition{Version: 1})
					return err
				})
				p.equal(countCodes(errs),
					map[tenancy.Code]int{"": 1, tenancy.CodeVersionMismatch: 9},
					"the codes of ten Puts over version 1")
				_, _, err := p.Resources.Put(p.ctx, p.acme, item("widget", "none", `{}`),
					ports.Condition{Version: 1})
				p.code(err, tenancy.CodeVersionMismatch, "Put over version 1 of nothing")
			},
		},
		{
			name: "id condition needs the very item",
			says: "the item must have this id, else [tenancy.CodeVersionMismatch]; also if it" +
				" doesn't exist, or was deleted and made anew under its name",
			prove: func(p *probe) {
				it := item("widget", "w", `{}`)
				others := p.put(p.globex, it)
				former := p.put(p.acme, it)
				p.deleteItem(p.acme, it.Ref)
				current := p.put(p.acme, it)
				p.equal(current.Version, former.Version, "the version of the new item")
				for _, other := range []string{former.ID, others.ID} {
					cond := ports.Condition{ID: other, Version: 1}
					_, _, err := p.Resources.Put(p.ctx, p.acme, withSpec(it, `{"size":2}`), cond)
					p.code(err, tenancy.CodeVersionMismatch, "Put over another item's id")
					p.code(p.Resources.Delete(p.ctx, p.acme, it.Ref, cond),
						tenancy.CodeVersionMismatch, "Delete of another item's id")
				}
				p.sameResource(p.get(p.acme, it.Ref), current, "the stored resource")
				cond := ports.Condition{ID: current.ID, Version: 1}
				_, _, err := p.Resources.Put(p.ctx, p.acme, withSpec(it, `{"size":2}`), cond)
				p.ok(err, "Put over the item's own id")
				_, _, err = p.Resources.Put(p.ctx, p.acme, it, cond)
				p.code(err, tenancy.CodeVersionMismatch, "Put over its former version")
				p.ok(p.Resources.Delete(p.ctx, p.acme, it.Ref, ports.Condition{ID: current.ID}),
					"Delete of the item's own id")
			},
		},
		{
			name: "exists condition needs the tenant's own item",
			says: "the item must exist, else [tenancy.CodeVersionMismatch]",
			prove: func(p *probe) {
				p.put(p.globex, item("widget", "w", `{}`))
				_, _, err := p.Resources.Put(p.ctx, p.acme, item("widget", "w", `{}`),
					ports.Condition{Exists: true})
				p.code(err, tenancy.CodeVersionMismatch,
					"Put over an item that only another tenant has")
			},
		},
		{
			name:     "absent condition lets one Put create",
			says:     "the item must not exist, else [tenancy.CodeAlreadyExists]",
			isolates: []string{"Resources.Put"},
			prove: func(p *probe) {
				p.put(p.globex, item("widget", "w", `{}`))
				errs := atOnce(10, func(int) error {
					_, _, err := p.Resources.Put(p.ctx, p.acme, item("widget", "w", `{}`),
						ports.Condition{Absent: true})
					return err
				})
				p.equal(countCodes(errs), map[tenancy.Code]int{"": 1, tenancy.CodeAlreadyExists: 9},
					"the codes of ten creating Puts")
			},
		},
		{
			name: "zero condition always holds",
			says: "The zero Condition always holds.",
			prove: func(p *probe) {
				p.put(p.acme, item("widget", "w", `{}`), item("widget", "w", `{"size":1}`))
				p.deleteItem(p.acme, ref("widget", "w"))
			},
		},
	}
}

// withSpec returns an item of the same ref with another spec.
func withSpec(it federation.Item,
	spec string) federation.Item {
	return item(it.Kind, it.Name, spec)
}

func (p *probe) deleteItem(tenant tenancy.ID, r federation.Ref) {
	p.ok(p.Resources.Delete(p.ctx, tenant, r, ports.Condition{}), "Resources.Delete(%s %q)", r.Kind,
		r.Name)
}

// wantReferrers requires that Delete refuses acme's r with these referrers.
func (p *probe) wantReferrers(r federation.Ref, want ...federation.Ref) {
	err := p.Resources.Delete(p.ctx, p.acme, r, ports.Condition{})
	p.code(err, tenancy.CodeReferenced, "Delete(%s %q)", r.Kind, r.Name)
	var e *tenancy.Error
	if errors.As(err, &e) {
		p.equal(e.Members["referrers"], any(want), "the member referrers")
	}
	p.get(p.acme, r)
}

// detailPaths returns the sorted paths in the details of an error.
func detailPaths(err error) []string {
	var e *tenancy.Error
	if !errors.As(err, &e) {
		return nil
	}
	all := []string{}
	for _, d := range e.Details {
		all = append(all, d.Path)
	}
	slices.Sort(all)
	return all
}
