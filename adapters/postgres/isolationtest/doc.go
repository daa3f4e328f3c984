// Package isolationtest proves that no row of one tenant reaches another, of a
// host's own schema and handlers:
//
//	func TestIsolation(t *testing.T) {
//		db := open(t) // on a throw-away database
//		isolationtest.Prove(t, db, handler(db))
//	}
//
// It makes two tenants with rows in every owned table and in every further one
// that has a column tenant_id, sees to it that both read their own, and then
// attacks: with SQL, with the query builder, with the ports, and over each route
// of the OpenAPI document. It does so three times: with both walls up, and with
// each of them switched off alone. An attack that couldn't be made is a failure,
// and so is a table that stays empty: neither proves anything.
package isolationtest
