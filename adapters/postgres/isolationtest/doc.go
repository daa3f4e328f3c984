// Package isolationtest proves for a host's schema and handlers that no row of one tenant is
// visible to another or changed by it:
//
//	func TestIsolation(t *testing.T) {
//		db := open(t) // on a throw-away database
//		isolationtest.Prove(t, db, handler(db), isolationtest.Options{
//			Routes: []string{"GET /notes", "POST /notes/{id}/publish"},
//		})
//	}
//
// It creates two tenants, the attacker and the victim, with rows in every owned table and in
// every other table that has a column tenant_id. It checks that both can read their own rows,
// and then attacks as the attacker: with SQL, with the query builder, with the ports, and
// over each route of the OpenAPI document and of [Options.Routes]. A route that the handler serves
// and that neither has is a failure.
//
// Two mechanisms isolate tenants, here called walls: the filter in the library's statements,
// and row-level security. The attacks run three times: with both walls, and with each wall
// turned off. An attack that couldn't be made is a failure, and so is a table that stays
// empty: neither proves anything.
package isolationtest
