package examine

import "github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"

// replicationChecks look for publications that send the library's tables to a subscriber, and for
// tables whose changes can't be sent.
var replicationChecks = []check{
	{"publication_all_tables", doctor.SeverityError,
		"it sends every table to its subscribers, also the signing keys, sessions and password" +
			" hashes: name the tables in it", `
		SELECT quote_ident(p.pubname), format('DROP PUBLICATION %I', p.pubname), false, false
		  FROM pg_publication p WHERE p.puballtables`},
	{"publication_library", doctor.SeverityError,
		"it sends a table of the library to its subscribers", `
		SELECT format('%I (publication %I)', 'bailiwick', p.pubname), format('DROP PUBLICATION %I', p.pubname),
		       false, false
		  FROM pg_publication p
		 WHERE NOT p.puballtables AND EXISTS (SELECT FROM pg_publication_tables t
		          WHERE t.pubname = p.pubname AND t.schemaname = 'bailiwick')`},
	{"replica_identity_missing", doctor.SeverityError,
		"the index that identifies the table's rows for replication is missing, so that every" +
			" UPDATE and DELETE of a published table fails", `
		SELECT t.name, format('ALTER TABLE %s REPLICA IDENTITY DEFAULT', t.name), false, false
		  FROM tables t JOIN pg_class c ON c.oid = t.oid
		 WHERE t.known AND NOT t.library AND c.relreplident = 'i'
		   AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisreplident)`},
}
