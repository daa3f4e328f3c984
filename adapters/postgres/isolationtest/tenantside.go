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

// tenantSide is one of the two tenants. Both have items of the shared names; only the
// other texts tell them apart.
type tenantSide struct {
	ID     tenancy.ID
	Slug   tenancy.Slug
	marker string // stands in every text that may be chosen
	only   string // the name that the other side has nothing under
	token  string // of an API key

	secrets []string // what the other side must never see
}

// shared are names that both sides use.
var shared = []string{"shared-1", "shared-2"}

// nonexistentName is a name that nobody uses, and of the length of those that only one
// side has.
const nonexistentName = "nobody-has-this-1"

func newTenantSide(name string) *tenantSide {
	token := strings.ToLower(rand.Text()[:8])
	return &tenantSide{
		ID: tenancy.NewID(), Slug: tenancy.Slug("prove-" + name + "-" + token),
		marker: "marker-" + name + "-" + token, only: "name-" + name + "-" + token,
	}
}

// names are those of the side's items.
func (s *tenantSide) names() []string { return append(slices.Clone(shared), s.only) }

// makeTenants makes the two tenants, each with two keys of an administrator.
func (e *examination) makeTenants(ctx context.Context) error {
	e.attacker, e.victim = newTenantSide("ours"), newTenantSide("them")
	for _, s := range []*tenantSide{e.attacker, e.victim} {
		_, err := e.services.Tenants.Create(ctx,
			tenancy.Tenant{ID: s.ID, Slug: s.Slug, Name: s.marker, State: tenancy.Active})
		if err != nil {
			return err
		}
		for i := range 2 { // with one, a list of them has no second page
			s.token = tenancy.NewKeySecret()
			hash, err := tenancy.HashKeySecret(s.token)
			if err != nil {
				return err
			}
			key := tenancy.APIKey{ID: tenancy.NewID().String(), Tenant: s.ID,
				Name: fmt.Sprintf("%s-%d", s.marker, i), Role: tenancy.Admin, Hash: hash}
			if _, err := e.services.Keys.Create(ctx, s.ID, key); err != nil {
				return err
			}
		}
	}
	return nil
}

var uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// loadRows reads what each side has, and learns from it what the other must never
// see: texts of the side's own, and ids that stand in no row but theirs.
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
		for s, other := range map[*tenantSide]*tenantSide{e.attacker: e.victim, e.victim: e.attacker} {
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

// maxRead bounds the rows of one tenant that are looked at.
const maxRead = 100

// readRows keeps the tenant's rows, and answers them as text too.
func (t *relation) readRows(
	ctx context.Context, tx bun.Tx, tenant tenancy.ID,
) (texts []string, err error) {
	query := fmt.Sprintf("SELECT to_jsonb(t)::text FROM %s AS t WHERE tenant_id = %s ORDER BY 1"+
		" LIMIT %d", t.SQL, uuidOf(tenant), maxRead)
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

// findLeak says what of the other side shows in an answer. What the question itself
// said is no news.
func (e *examination) findLeak(question, answer string) string {
	for _, secret := range e.victim.secrets {
		if strings.Contains(answer, secret) && !strings.Contains(question, secret) {
			return fmt.Sprintf("%q of the other tenant shows", secret)
		}
	}
	return ""
}
