package archtest

// Edge is an import that is allowed. To is a package: of this module without
// the module's path, of another one with it. With "/..." after it, it is the
// package and all below it; "..." alone is every package of this module, "*"
// every package of others.
type Edge struct {
	To  string
	Why string
}

// Room is a part of the module and what it may import in addition to the standard
// library.
type Room struct {
	// as [Edge.To], below Module; of several rooms that hold a package the narrowest counts
	Path  string
	Why   string // why it may import no more
	Edges []Edge // of its packages and their tests
	Tests []Edge // of its _test.go files alone
}

const (
	uuid     = "github.com/google/uuid"
	jsontext = "github.com/go-json-experiment/json/..."
	testify  = "github.com/stretchr/testify/..."
	rapid    = "pgregory.net/rapid"
	goleak   = "go.uber.org/goleak"
)

// Edges that several rooms have, for the same reason.
var (
	toTenancy = Edge{"tenancy",
		"everything belongs to a tenant, and every error has one of its codes"}
	toIdentity    = Edge{"tenancy/identity", "people and how they sign in"}
	toFederation  = Edge{"federation", "the one representation of what is stored and travels"}
	toCertificate = Edge{"federation/certificate", "the digest of what a purge removed"}
	toTrust       = Edge{"federation/trust", "who signed a bundle, and who may"}
	toPorts       = Edge{"ports", "the interfaces it works through or satisfies"}
	toUseCases    = Edge{"tenancy/...", "the use cases that it drives"}
	toTransfers   = Edge{"federation/...", "the use cases that it drives"}
	toHelpers     = Edge{"internal/...", "small helpers that no host can import"}
	toCacheinval  = Edge{"tenancy/cacheinval",
		"what is remembered holds until a change of it is heard"}
	toFairqueue = Edge{"tenancy/fairqueue",
		"work that takes long has a share for each tenant, and waits in one way"}
	toShared = Edge{"adapters/internal/...", "what driving adapters share: routing, paths of this host"}
	toUUID   = Edge{uuid, "makes and reads ids"}
	toJSON   = Edge{jsontext, "streams JSON and has its canonical form"}
	toNorm   = Edge{"golang.org/x/text/unicode/norm",
		"names that look the same are one name, and the standard library can't normalize text"}
	toBun = Edge{
		"github.com/uptrace/bun/...", "the ORM, its dialect, its driver and its migrations",
	}
)

// testTools is what the tests of every room but tenancy may use.
var testTools = []Edge{
	{testify, "assertions"},
	{rapid, "properties"},
	{goleak, "no goroutine is left running"},
	{"ports/portstest", "the conformance suites"},
	{"adapters/memory", "the model answer to every port, in place of mocks"},
	toHelpers,
}

// Rooms is the import rule. A package that no room holds has no place in the
// project.
var Rooms = []Room{
	{
		Path: "tenancy",
		Why: "a host that imports the tenancy model gets google/uuid and nothing else in its" +
			" go.sum, where the tests' imports count too",
		Edges: []Edge{toUUID},
	},
	{
		Path:  "tenancy/identity",
		Why:   "a model knows no use case, no port and no adapter",
		Edges: []Edge{toTenancy},
	},
	{
		Path:  "federation",
		Why:   "a model knows no use case, no port and no adapter",
		Edges: []Edge{toTenancy, toUUID, toJSON, toNorm},
		Tests: testTools,
	},
	{
		Path:  "federation/trust",
		Why:   "a model knows no use case, no port and no adapter",
		Edges: []Edge{toTenancy, toFederation},
		Tests: testTools,
	},
	{
		Path:  "ports",
		Why:   "an interface names what the models are made of, so that any adapter can satisfy it",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toTrust},
		Tests: testTools,
	},
	{
		Path:  "ports/hooks",
		Why:   "it wraps the ports of any adapter, and knows none",
		Edges: []Edge{toTenancy, toFederation, toPorts},
		Tests: append([]Edge{{"federation/promote", "imports as a program does"},
			{"tenancy/admin", "changes tenants as a program does"}}, testTools...),
	},
	{
		Path: "ports/portstest",
		Why: "whoever writes an adapter runs the suites, with the test library of their own" +
			" choice",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toCertificate, toTrust, toPorts},
		Tests: testTools,
	},
	{
		Path: "tenancy/...",
		Why: "a use case works through ports: it is the same over every adapter, and knows no" +
			" other use case",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toPorts},
		Tests: testTools,
	},
	{
		Path: "tenancy/resolve",
		Why: "a use case works through ports: it is the same over every adapter, and knows no" +
			" other use case",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toPorts, toCacheinval},
		Tests: testTools,
	},
	{
		Path: "tenancy/admin",
		Why: "a use case works through ports: it is the same over every adapter, and knows no" +
			" other use case",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toPorts, toCacheinval},
		Tests: testTools,
	},
	{
		Path: "tenancy/cacheinval",
		Why:  "what use cases remember is remembered in one way, and ends with what is announced",
		Edges: []Edge{toTenancy, toPorts,
			{"github.com/maypok86/otter/v2/...", "remembers tenants and callers between requests"}},
		Tests: testTools,
	},
	{
		Path: "tenancy/signin",
		Why: "a use case works through ports: it is the same over every adapter, and knows no" +
			" other use case",
		Edges: []Edge{
			toTenancy, toIdentity, toPorts, toCacheinval,
			{"golang.org/x/crypto/argon2", "hashes passwords"},
			{"golang.org/x/crypto/bcrypt", "verifies those that the version before has hashed"},
			{"golang.org/x/text/unicode/norm", "makes a password and a name the same text on every" +
				" keyboard"},
		},
		Tests: testTools,
	},
	{
		Path: "federation/...",
		Why: "a use case works through ports: it is the same over every adapter, and knows no" +
			" other use case",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toTrust, toPorts, toFairqueue, toUUID, toJSON},
		Tests: testTools,
	},
	{
		Path: "federation/promote",
		Why: "a use case works through ports: it is the same over every adapter; what joins two" +
			" contents knows none",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toPorts, toFairqueue, toUUID, toJSON,
			toTrust, {"federation/merge", "joins what both sides changed"}},
		Tests: testTools,
	},
	adapter("..."), // a new one: it needs a room of its own before it gets third parties
	adapter("memory/...", toUUID),
	adapter("postgres/...", toUUID, toJSON, toBun),
	postgresRoom("schema", "a host names its tables with it, and nothing else of the adapter",
		toFederation),
	postgresRoom("doctor", "a host reads findings with it, and nothing else of the adapter"),
	postgresRoom("adoption",
		"a host describes its database with it, and nothing else of the adapter"),
	postgresRoom("scoped", "a handle makes statements; what it works on is given to it",
		toTenancy, inPostgres("schema"), inPostgres("internal/sqltext"),
		inPostgres("internal/filterbypass"), toHelpers, toBun),
	postgresRoom("internal/sqltext", "it only writes text"),
	postgresRoom("internal/connstring", "it reads a text, and connects to nothing"),
	postgresRoom("internal/migrations", "it only holds SQL"),
	postgresRoom("internal/pgerr", "it gives errors their codes", toTenancy, toBun),
	postgresRoom("internal/declare", "it works out declarations, without a database",
		toFederation, inPostgres("schema"), inPostgres("internal/sqltext"), toUUID, toBun),
	postgresRoom("internal/itemsql", "it writes SQL and runs none of it",
		toTenancy, toFederation, inPostgres("internal/declare"), inPostgres("internal/sqltext")),
	postgresRoom("internal/pool", "every store holds it, so that it knows none of them",
		toTenancy, toFairqueue, inPostgres("schema"), inPostgres("internal/pgerr"),
		inPostgres("internal/connstring"), inPostgres("internal/session"),
		toUUID, toBun),
	postgresRoom("internal/catalog",
		"it reads the catalog for rls and examine alike, and changes nothing",
		toTenancy, inPostgres("schema"), inPostgres("internal/declare"), inPostgres("internal/itemsql"),
		inPostgres("internal/migrations"), inPostgres("internal/pool"),
		inPostgres("internal/sqltext"), toBun),
	postgresRoom("internal/rls",
		"it creates row security; whether it is whole, examine says on its own",
		toTenancy, inPostgres("internal/catalog"), inPostgres("internal/declare"),
		inPostgres("internal/itemsql"), inPostgres("internal/connstring"),
		inPostgres("internal/pgerr"), inPostgres("internal/pool"), inPostgres("internal/sqltext"),
		toBun),
	postgresRoom("internal/examine",
		"it judges row security; who creates it must not decide what is right",
		toTenancy, inPostgres("schema"), inPostgres("doctor"), inPostgres("internal/catalog"),
		inPostgres("internal/declare"), inPostgres("internal/itemsql"),
		inPostgres("internal/pgerr"),
		inPostgres("internal/pool"), inPostgres("internal/sqltext"), toBun),
	postgresRoom("internal/audit", "stores write to the log, and it knows none of them",
		toTenancy, toPorts, inPostgres("internal/pgerr"), inPostgres("internal/pool"), toUUID,
		toBun),
	postgresStore("internal/vault", toTrust),
	postgresStore("internal/notify", inPostgres("internal/session")),
	postgresStore("internal/instance"),
	postgresStore("internal/identity", toIdentity, toCertificate, inPostgres("internal/declare")),
	postgresStore("internal/items", inPostgres("internal/declare"), inPostgres("internal/itemsql"),
		inPostgres("internal/filterbypass"), inPostgres("internal/session"),
		inPostgres("internal/sqltext"),
		inPostgres("internal/vault")),
	postgresRoom("internal/migrate", "it brings a schema up, and knows no store",
		toTenancy, inPostgres("schema"), inPostgres("adoption"), inPostgres("internal/adopt"),
		inPostgres("internal/audit"), inPostgres("internal/catalog"),
		inPostgres("internal/declare"), inPostgres("internal/examine"),
		inPostgres("internal/itemsql"),
		inPostgres("internal/migrations"), inPostgres("internal/pgerr"),
		inPostgres("internal/pool"), inPostgres("internal/session"),
		inPostgres("internal/rls"), inPostgres("internal/sqltext"), toBun),
	postgresRoom("internal/adopt",
		"it adopts a database that it is told about, over one connection",
		toTenancy, inPostgres("adoption"), inPostgres("internal/sqltext"), toBun),
	postgresRoom("internal/session", "it scopes statements beneath every pool",
		toTenancy, inPostgres("internal/connstring"), inPostgres("internal/filterbypass"), toHelpers, toBun),
	postgresRoom("internal/filterbypass",
		"it takes the filter away for the proof of isolation, and nothing else",
		toHelpers, toBun),
	{
		Path:  "adapters/internal/...",
		Why:   "what driving adapters share knows no adapter and no use case",
		Edges: []Edge{toTenancy},
		Tests: testTools,
	},
	adapter("httpapi/...", toUUID, toJSON, toShared,
		Edge{"github.com/danielgtaylor/huma/v2/...", "OpenAPI 3.1 out of Go types"},
		Edge{"github.com/maypok86/otter/v2", "remembers how fast tenants ask, in bounded memory"},
		Edge{"golang.org/x/time/rate", "the token bucket of a quota of requests"}),
	{
		Path: "adapters/adminui/...",
		Why: "the pages do what the HTTP API offers, with the rights that it checks: they call no" +
			" use case and no port",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toShared, toUUID, toJSON,
			{"adapters/adminui/...", "itself"}},
		Tests: append([]Edge{{"adapters/...", "tests bring adapters together"},
			{"golang.org/x/net/html/...", "reads what templates write, in a package that no host imports"}},
			testTools...),
	},
	adapter("oidc/...",
		Edge{"github.com/coreos/go-oidc/v3/...", "discovery, keys and ID tokens of OpenID Connect"},
		Edge{"golang.org/x/oauth2", "the code flow and PKCE"}),
	adapter("telemetry/...",
		Edge{"github.com/prometheus/client_golang/...",
			"keeps metrics and answers them in Prometheus' format"},
		Edge{"go.opentelemetry.io/otel/...",
			"the interface of traces; what exports them is the host's"},
		Edge{"github.com/uptrace/bun", "the type of a hook into statements"},
		Edge{"github.com/uptrace/bun/extra/bunotel", "makes a span of a statement"}),
	{
		Path: "internal/...",
		Why:  "support of this module's own code; only the examples may import more",
		Edges: []Edge{toTenancy, toUseCases, toFederation, toTransfers,
			{"ports/...", "support for their tests"}, {"adapters/...", "support for their tests"},
			toHelpers, anyThird},
	},
	{
		Path:  "examples/...",
		Why:   "nothing is forbidden to an example",
		Edges: []Edge{{"...", "an example wires everything"}, anyThird},
	},
}

// adapter is the room of one adapter.
func adapter(path string, own ...Edge) Room {
	path = "adapters/" + path
	return Room{
		Path: path,
		Why:  "an adapter can be replaced without another one, and each third party is a decision",
		Edges: append([]Edge{toTenancy, toUseCases, toFederation, toTransfers, toPorts, toHelpers,
			{path, "itself"}}, own...),
		Tests: append([]Edge{{"adapters/...", "tests bring adapters together"}}, testTools...),
	}
}

// postgresRoom is the room of one package of adapters/postgres: no two of them know
// each other unless an edge says so, and none knows the root.
func postgresRoom(path, why string, edges ...Edge) Room {
	return Room{
		Path: "adapters/postgres/" + path, Why: why, Edges: edges,
		Tests: append([]Edge{{"adapters/...", "tests bring adapters together"}}, testTools...),
	}
}

// postgresStore is the room of a package that stores what ports ask for.
func postgresStore(path string, edges ...Edge) Room {
	return postgresRoom(path,
		"a store works with a pool, and knows no other store and not the root",
		append([]Edge{
			toTenancy, toFederation, toPorts, inPostgres("internal/audit"),
			inPostgres("internal/pgerr"),
			inPostgres("internal/pool"), toUUID, toBun,
		}, edges...)...)
}

func inPostgres(path string) Edge {
	return Edge{"adapters/postgres/" + path, postgresWhy[path]}
}

// postgresWhy is why a package of adapters/postgres is imported by others of it.
var postgresWhy = map[string]string{
	"schema":                "what hosts declare",
	"doctor":                "what an examination answers",
	"adoption":              "what hosts say of a single-tenant database",
	"internal/adopt":        "carries an adoption out",
	"internal/audit":        "every write is in the audit log",
	"internal/connstring":   "connection strings as libpq has them",
	"internal/catalog":      "what the catalog says of isolation",
	"internal/declare":      "the tables that were declared",
	"internal/examine":      "what a start restores is a finding of the examination",
	"internal/filterbypass": "the proof of isolation takes the filter away",
	"internal/itemsql":      "the SQL of items",
	"internal/migrations":   "the library's tables and functions",
	"internal/pgerr":        "errors get their codes",
	"internal/pool":         "connections, and the tenant of a statement",
	"internal/rls":          "row security is part of a schema",
	"internal/session":      "connections beneath the pools",
	"internal/sqltext":      "names and constants in SQL",
	"internal/vault":        "secrets of items",
}

// anyThird admits every package of other modules.
var anyThird = Edge{"*", "a host can't import it, so it costs no host anything"}

// Distance keeps packages away from what they must not even reach through
// others.
type Distance struct {
	From      []string // as [Room.Path]
	Except    []string
	To        []string // as [Edge.To]
	WithTests bool     // also from their _test.go files
	Why       string
}

// observers are what adapters/telemetry works with, but for OpenTelemetry's
// interface: pgdriver has that already.
var observers = []string{
	"github.com/prometheus/...", "github.com/uptrace/bun/extra/bunotel",
	"github.com/uptrace/opentelemetry-go-extra/...",
	"go.opentelemetry.io/otel/sdk/...", "go.opentelemetry.io/otel/exporters/...",
}

// openID is what a host pays for that has an OpenID provider, and no other.
var openID = []string{"github.com/coreos/go-oidc/...", "golang.org/x/oauth2/...",
	"github.com/zitadel/..."}

var containers = []string{"github.com/testcontainers/...", "github.com/docker/...",
	"github.com/moby/..."}

// hostKinds is what other services are made of: the tests below internal/hosttest are some.
var hostKinds = []string{"github.com/go-chi/chi/...", "github.com/golang-jwt/jwt/...",
	"github.com/jackc/pgx/...", "gorm.io/..."}

// download fetches PostgreSQL's programs where a machine has none.
var download = []string{"github.com/fergusstrange/embedded-postgres/...", "github.com/lib/pq/..."}

// chromium drives a browser: internal/browser does, for the tests of pages.
var chromium = []string{"github.com/chromedp/..."}

// Distances are the rules that look through all imports.
var Distances = []Distance{
	{
		From: []string{"..."}, Except: []string{"internal/...", "examples/..."}, To: containers,
		WithTests: true,
		Why: "`go mod tidy` in a host looks at the tests of what it imports: its go.sum" +
			" would gain 80 lines for containers that it never starts. Such tests belong in a" +
			" package below internal",
	},
	{
		From: []string{"..."}, Except: []string{"internal/hosttest/...", "internal/signintest"},
		To:        hostKinds,
		WithTests: true,
		Why:       "a host brings its own router, tokens and driver; it gets no other's",
	},
	{
		From: []string{"..."}, Except: []string{"adapters/telemetry/...", "internal/...",
			"examples/..."}, To: observers, WithTests: true,
		Why: "a host that isn't observed this way gets no line of Prometheus or OpenTelemetry in" +
			" its go.sum. What the others have to tell, they tell in types of their own",
	},
	{
		From: []string{"tenancy/...", "federation/...", "ports/..."},
		To:   []string{"go.opentelemetry.io/..."}, WithTests: true,
		Why: "a model, a port and a use case don't know that they are observed",
	},
	{
		From: []string{"..."}, Except: []string{"internal/...", "examples/..."}, To: chromium,
		WithTests: true,
		Why: "a host isn't to get what drives a browser. Tests of pages belong in a package below" +
			" internal or examples",
	},
	{
		From: []string{"examples/..."}, To: chromium,
		Why: "a browser is for tests, not for a server",
	},
	{
		From: []string{"examples/..."}, To: containers,
		Why: "containers are for tests, not for a server",
	},
	{
		From: []string{"..."}, Except: []string{"adapters/oidc/...", "internal/...",
			"examples/..."}, To: openID, WithTests: true,
		Why: "a host that has no OpenID provider isn't to get what one needs",
	},
	{
		From: []string{"..."}, Except: []string{"adapters/postgres/postgrestest",
			"adapters/postgres/internal/sessiontest", "internal/...", "examples/..."}, To: download, WithTests: true,
		Why: "only a host that takes a throw-away database is to get what starts one",
	},
	{
		From: []string{"..."}, Except: []string{"internal/..."},
		To:  []string{testify, rapid, goleak},
		Why: "what tests use stays out of programs",
	},
}

// Sizes is the rule of walls: what grows past it is divided.
var Sizes = Size{Files: 60, Lines: 6000, Except: []string{"ports/portstest"}}

// Texts is how text is written here. The words have technical ones in their place:
// "is stored", "after", "no caller", "is notified", "received", "next to".
var Texts = Text{
	Columns: 120,
	Words: []string{
		"stands", "behind", "nobody", "whoever", "of its own", "is told", "heard", "settles?",
		"settled",
		"beside", "house",
	},
	Phrases: []string{
		`behind (a|an|the|PgBouncer|it|proxies)\b`, `"nobody\b`, `postgres or nobody`,
		`" nobody: start`,
		`http\.NoBody`, `of its own (rows|tenant|connection)`,
	},
	Except: []string{
		".git", "adapters/postgres/internal/migrations",
		"internal/archtest/rules.go", "internal/archtest/archtest_test.go", // they name the words
	},
}

// TopLevel is what the module's root may hold, in addition to names that begin with
// a dot.
var TopLevel = []string{
	"LICENSE", "README.md", "go.mod", "go.sum",
	"adapters", "examples", "federation", "internal", "ports", "tenancy",
}

// BadNames say nothing about what a package is for.
var BadNames = []string{"common", "helper", "helpers", "misc", "models", "types", "util", "utils"}
