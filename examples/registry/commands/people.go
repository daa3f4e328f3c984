package commands

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// userID returns the id of the user who is named by an e-mail address, or by the id.
//
// Route: GET /api/v1/users.
func userID(ctx context.Context, client *apiclient.Client, named string) (string, error) {
	if !strings.Contains(named, "@") {
		return named, nil
	}
	found, err := apiclient.List[User](ctx, client, usersPath, url.Values{"q": {named}})
	if err != nil {
		return "", err
	}
	for _, u := range found {
		if strings.EqualFold(u.Email, named) {
			return u.ID, nil
		}
	}
	return "", fmt.Errorf("no user has the e-mail address %s", named)
}

// memberID returns the user's id of the member who is named by an e-mail address, or by the id;
// "" if no member has the address.
//
// Route: GET /api/v1/tenants/T/members.
func (c tenantScoped) memberID(
	ctx context.Context, client *apiclient.Client, named string,
) (string, error) {
	if !strings.Contains(named, "@") {
		return named, nil
	}
	found, err := apiclient.List[Member](ctx, client, c.path("/members"), url.Values{"q": {named}})
	if err != nil {
		return "", err
	}
	for _, m := range found {
		if strings.EqualFold(m.Email, named) {
			return m.UserID, nil
		}
	}
	return "", nil
}

// anyoneID is memberID, and finds users who are no members if the caller may see them: a
// super-admin adds them.
func (c tenantScoped) anyoneID(
	ctx context.Context, client *apiclient.Client, named string,
) (string, error) {
	id, err := c.memberID(ctx, client, named)
	if id != "" || err != nil {
		return id, err
	}
	id, err = userID(ctx, client, named)
	var refused *apiclient.Error
	if errors.As(err, &refused) && refused.Code == tenancy.CodeForbidden {
		return "", fmt.Errorf("no member has the e-mail address %s: to invite the person, run"+
			" registry invitation create", named)
	}
	return id, err
}
