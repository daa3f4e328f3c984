package resolve

import "github.com/bailiwick-go/bailiwick/tenancy"

// maxDistinctNames is the largest number of different names in a request without
// [Options.Sources]: host, header, path and key have one each.
const maxDistinctNames = 4

const idLength = 36 // characters

// name is the name of a tenant from one source. It has an id or a slug. A name
// with neither is malformed and names no tenant, but it counts as a source.
type name struct {
	text string
	id   tenancy.ID
	slug tenancy.Slug
}

// parseName parses an id or a slug. No slug has the form of an id.
func parseName(text string) name {
	if len(text) == idLength {
		if id, err := tenancy.ParseID(text); err == nil {
			return name{text: text, id: id}
		}
	}
	return parseSlug(text)
}

func parseSlug(text string) name {
	slug, _ := tenancy.ParseSlug(text) // empty on an error: a malformed name
	return name{text: text, slug: slug}
}

func (n name) malformed() bool { return n.slug == "" && n.id.IsZero() }

// same reports whether n and other are the same name. It compares ids by value,
// because their text may be in upper or lower case.
func (n name) same(other name) bool {
	if n.id.IsZero() && other.id.IsZero() {
		return n.text == other.text
	}
	return n.id == other.id
}

// tenantRef is what all sources of a request name together: a slug, an id, or
// both, which may or may not belong to the same tenant.
type tenantRef struct {
	slug tenancy.Slug
	id   tenancy.ID
}

// parse returns what s names. Its errors follow from the names alone: no name, a
// malformed one, or two names that no tenant can have together.
func (r *Resolver) parse(s Sources) (tenantRef, error) {
	var buffer [maxDistinctNames]name
	names, consistent := r.appendNames(buffer[:0], s)
	switch {
	case !consistent:
		return tenantRef{}, errMismatch
	case len(names) == 0:
		return tenantRef{}, tenancy.ErrNoTenant
	case len(names) == 1 && names[0].malformed():
		return tenantRef{}, tenancy.ErrTenantNotFound
	}
	var all tenantRef
	for _, n := range names {
		switch {
		case n.slug != "" && all.slug == "":
			all.slug = n.slug
		case !n.id.IsZero() && all.id.IsZero():
			all.id = n.id
		default:
			return tenantRef{}, errMismatch
		}
	}
	return all, nil
}

// match returns the tenant to which both the slug and the id belong. bySlug and
// byID are the tenants that the caller may know. If the caller may know neither,
// the result is always not found: a mismatch would reveal that the names belong to
// different tenants, and so that such tenants exist.
func (n tenantRef) match(bySlug, byID record) (tenancy.Tenant, error) {
	switch {
	case !bySlug.found && !byID.found:
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	case n.id.IsZero():
		return bySlug.tenant, nil
	case n.slug == "":
		return byID.tenant, nil
	case bySlug.tenant.ID != byID.tenant.ID:
		return tenancy.Tenant{}, errMismatch
	}
	return byID.tenant, nil
}

// appendNames appends the different names in s to list. It returns false if the
// header has two different values, even if they are the slug and the id of the
// same tenant: a proxy may have added one of them.
func (r *Resolver) appendNames(list []name, s Sources) (names []name, consistent bool) {
	if n, present := r.host.name(s.Host); present {
		list = add(list, n)
	}
	for _, value := range s.Headers {
		if value != s.Headers[0] {
			return nil, false
		}
	}
	if len(s.Headers) > 0 {
		list = add(list, parseName(s.Headers[0]))
	}
	if s.Path != "" {
		list = add(list, parseName(s.Path))
	}
	if !s.Key.IsZero() {
		list = add(list, name{id: s.Key})
	}
	for _, text := range s.Others {
		list = add(list, parseName(text))
	}
	return list, true
}

func add(list []name, n name) []name {
	for _, listed := range list {
		if listed.same(n) {
			return list
		}
	}
	return append(list, n)
}
