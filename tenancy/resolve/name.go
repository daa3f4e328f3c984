package resolve

import "github.com/bailiwick-go/bailiwick/tenancy"

// maxNames is how many different names a request can carry: host, header, path
// and key have one each.
const maxNames = 4

const idLength = 36 // characters

// name is what one source says. It has an id or a slug, or neither: then it is
// malformed and names no tenant, but it is there.
type name struct {
	text string
	id   tenancy.ID
	slug tenancy.Slug
}

// parseName reads an id or a slug. No slug has the form of an id.
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

// same reports whether n and other are one name. Ids are compared as values,
// because their text has upper and lower case.
func (n name) same(other name) bool {
	if n.id.IsZero() && other.id.IsZero() {
		return n.text == other.text
	}
	return n.id == other.id
}

// named is what all sources of a request say together: a slug, an id, or both,
// which may or may not be one tenant's.
type named struct {
	slug tenancy.Slug
	id   tenancy.ID
}

// read answers what s names, or the error that follows from the names alone:
// none at all, a malformed one, or two that no tenant can have both.
func (r *Resolver) read(s Sources) (named, error) {
	var room [maxNames]name
	names, consistent := r.names(room[:0], s)
	switch {
	case !consistent:
		return named{}, errMismatch
	case len(names) == 0:
		return named{}, tenancy.ErrNoTenant
	case len(names) == 1 && names[0].malformed():
		return named{}, tenancy.ErrTenantNotFound
	}
	var all named
	for _, n := range names {
		switch {
		case n.slug != "" && all.slug == "":
			all.slug = n.slug
		case !n.id.IsZero() && all.id.IsZero():
			all.id = n.id
		default:
			return named{}, errMismatch
		}
	}
	return all, nil
}

// agreed answers the one tenant that the slug and the id lead to, as far as the
// asker sees it. What leads to no tenant that they see is not found, be it one
// name or two: a mismatch would tell that the two names are of different
// tenants, and with that whether there are any.
func (n named) agreed(bySlug, byID record) (tenancy.Tenant, error) {
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

// names appends the different names in s to list. It reports false when the
// header itself says two things: then even a slug and the id of one tenant are
// a contradiction, because something between the client and here may have
// added a line.
func (r *Resolver) names(list []name, s Sources) ([]name, bool) {
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
	return list, true
}

func add(list []name, n name) []name {
	for _, there := range list {
		if there.same(n) {
			return list
		}
	}
	return append(list, n)
}
