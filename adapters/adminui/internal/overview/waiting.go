package overview

import (
	"fmt"
	"net/url"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// soon is how long before its end a key is shown.
const soon = 14 * 24 * time.Hour

// addWaiting adds what waits for a member: kinds that are nearly at their limit, keys that expire
// soon, and invitations that no one has accepted. A visiting super-admin isn't the one to do it,
// and each read of theirs would be in the audit log.
func addWaiting(r *page.Request, v *view.Overview) error {
	v.Member = !r.Caller.Visiting()
	if !v.Member {
		return nil
	}
	for _, c := range v.Counts {
		if c.Limit != nil && c.Count*10 >= *c.Limit*9 {
			v.Waiting = append(v.Waiting, view.Link{Href: r.URLs.To("settings"),
				Text: fmt.Sprintf("%s: %d of at most %d", c.Text, c.Count, *c.Limit)})
		}
	}
	if err := addKeys(r, v); err != nil {
		return err
	}
	return addInvitations(r, v)
}

// ending is what has a name and an end.
type ending struct {
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	ExpiresAt time.Time `json:"expires_at"`
	RotatedTo string    `json:"rotated_to"`
}

// endings reads the first of what a path lists.
func endings(r *page.Request, what string) ([]ending, error) {
	var found apicall.List[ending]
	err := r.API.Get(r.Context(), r.APIPath(what), url.Values{"limit": {"200"}}, &found)
	return found.Items, err
}

// addKeys adds the keys that expire soon and have no successor.
func addKeys(r *page.Request, v *view.Overview) error {
	if !r.Caller.May("key.read") || !r.Site.Serves("listKeys") {
		return nil
	}
	keys, err := endings(r, "keys")
	for _, k := range keys {
		left := k.ExpiresAt.Sub(r.Site.Now())
		if k.ExpiresAt.IsZero() || k.RotatedTo != "" || left < 0 || left > soon {
			continue
		}
		v.Waiting = append(v.Waiting, view.Link{Href: r.URLs.To("keys"),
			Text: "The API key " + k.Name + " expires on " + k.ExpiresAt.UTC().Format(time.DateOnly)})
	}
	return err
}

// addInvitations adds the invitations that expired, and how many are open.
func addInvitations(r *page.Request, v *view.Overview) error {
	if !r.Caller.May("member.read") || !r.Site.Serves("listInvitations") {
		return nil
	}
	invitations, err := endings(r, "invitations")
	open := 0
	for _, i := range invitations {
		if i.ExpiresAt.After(r.Site.Now()) {
			open++
			continue
		}
		v.Waiting = append(v.Waiting, view.Link{Href: r.URLs.To("invitations"),
			Text: "The invitation of " + i.Email + " has expired"})
	}
	if open > 0 {
		v.Waiting = append(v.Waiting, view.Link{Href: r.URLs.To("invitations"),
			Text: view.Plural(open, "invitation waits", "invitations wait") + " for an answer"})
	}
	return err
}
