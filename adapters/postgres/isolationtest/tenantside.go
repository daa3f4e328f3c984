package isolationtest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenantSide is one of the two tenants. Both have items with the shared names. All other texts
// differ.
type tenantSide struct {
	ID     tenancy.ID
	Slug   tenancy.Slug
	marker string // part of every text whose value is free
	only   string // a name that only this side uses
	token  string // the secret of an administrator's API key
	viewer string // the secret of a viewer's API key

	secrets []string // texts that the other side must never see
}

// shared are the names that both sides use.
var shared = []string{"shared-1", "shared-2"}

// nonexistentName is a name that no side uses, as long as those that only one side uses.
const nonexistentName = "nonexistent-name-1"

func newTenantSide(name string) *tenantSide {
	token := strings.ToLower(rand.Text()[:8])
	return &tenantSide{
		ID: tenancy.NewID(), Slug: tenancy.Slug("prove-" + name + "-" + token),
		marker: "marker-" + name + "-" + token, only: "name-" + name + "-" + token,
	}
}

// names returns the names of the side's items.
func (s *tenantSide) names() []string { return append(slices.Clone(shared), s.only) }

// makeTenants creates the two tenants, each with two keys of an administrator, and a third that is
// suspended.
func (e *examination) makeTenants(ctx context.Context) error {
	e.attacker, e.victim = newTenantSide("ours"), newTenantSide("them")
	e.suspended = newTenantSide("gone")
	for _, s := range []*tenantSide{e.attacker, e.victim, e.suspended} {
		made, err := e.services.Tenants.Create(ctx, tenancy.NewTenant(s.ID, s.Slug, s.marker))
		if err != nil {
			return err
		}
		for i := range 2 { // with one, the list has no second page
			if s.token, err = e.makeKey(ctx, s, fmt.Sprintf("%s-%d", s.marker, i),
				tenancy.Admin); err != nil {
				return err
			}
		}
		if s.viewer, err = e.makeKey(ctx, s, s.marker+"-viewer", tenancy.Viewer); err != nil {
			return err
		}
		if s != e.suspended {
			continue
		}
		made.State = tenancy.Suspended
		if _, err := e.services.Tenants.Update(ctx, made); err != nil {
			return err
		}
	}
	return nil
}

// numberPattern matches the ids of tables whose key is a number.
var numberPattern = regexp.MustCompile(`^[0-9]+$`)

// makeKey creates an API key and returns its secret.
func (e *examination) makeKey(
	ctx context.Context, s *tenantSide, name string, role tenancy.Role,
) (secret string, err error) {
	secret = tenancy.NewKeySecret()
	hash, err := tenancy.HashKeySecret(secret)
	if err != nil {
		return "", err
	}
	_, err = e.services.Keys.Create(ctx, s.ID, tenancy.APIKey{ID: tenancy.NewID().String(),
		Tenant: s.ID, Name: name, Role: role, Hash: hash})
	return secret, err
}

var uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// loadRows reads the rows of both sides and derives each side's secrets: its own texts, and the
// ids that are in no row of the other side.
func (e *examination) loadRows(ctx context.Context) error {
	return e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		found := map[*tenantSide]map[string]bool{e.attacker: {}, e.victim: {}}
		for _, t := range e.tables {
			for _, s := range []*tenantSide{e.attacker, e.victim} {
				texts, err := t.readRows(ctx, tx, s.ID)
				if err != nil {
					return err
				}
				for _, id := range uuidPattern.FindAllString(strings.Join(texts, " "), -1) {
					found[s][id] = true
				}
			}
		}
		for s, other := range map[*tenantSide]*tenantSide{e.attacker: e.victim,
			e.victim: e.attacker} {
			s.secrets = []string{s.marker, s.only, string(s.Slug)}
			for id := range found[s] {
				if !found[other][id] {
					s.secrets = append(s.secrets, id)
				}
			}
			slices.Sort(s.secrets)
		}
		return nil
	})
}

// maxRead limits the rows that are read of one tenant in a table.
const maxRead = 100

// readRows stores the tenant's rows in t.rows, and returns them as text.
func (t *relation) readRows(
	ctx context.Context, tx bun.Tx, tenant tenancy.ID,
) (texts []string, err error) {
	query := fmt.Sprintf("SELECT to_jsonb(t)::text FROM %s AS t WHERE t.%s = %s ORDER BY 1"+
		" LIMIT %d", t.SQL, t.tenant(), uuidOf(tenant), maxRead)
	if err := tx.NewRaw(query).Scan(ctx, &texts); err != nil {
		return nil, err
	}
	t.rows[tenant] = nil
	for _, text := range texts {
		var r row
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, err
		}
		t.rows[tenant] = append(t.rows[tenant], r)
	}
	return texts, nil
}

// findLeak returns a text that says which of the victim's secrets is in an answer; empty if none
// is. A secret in the question itself isn't a leak.
func (e *examination) findLeak(question, answer string) string {
	for _, secret := range e.victim.secrets {
		if strings.Contains(answer, secret) && !strings.Contains(question, secret) {
			return fmt.Sprintf("%q of the other tenant shows", secret)
		}
	}
	return ""
}
