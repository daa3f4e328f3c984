package archtest

// Edge is an import that is allowed. To is a package: of this module without
// the module's path, of another one with it. With "/..." behind it, it is the
// package and all below it; "..." alone is every package of this module, "*"
// every package of others.
type Edge struct {
	To  string
	Why string
}

// Room is a part of the module and what it may import beside the standard
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
	toIdentity   = Edge{"tenancy/identity", "people and how they sign in"}
	toFederation = Edge{"federation", "the one representation of what is stored and travels"}
	toPorts      = Edge{"ports", "the interfaces it works through or satisfies"}
	toUseCases   = Edge{"tenancy/...", "the use cases that it drives"}
	toTransfers  = Edge{"federation/...", "the use cases that it drives"}
	toHelpers    = Edge{"internal/...", "small helpers that no host can import"}
	toCacheinval = Edge{"tenancy/cacheinval",
		"what is remembered holds until a change of it is heard"}
	toUUID = Edge{uuid, "makes and reads ids"}
	toJSON = Edge{jsontext, "streams JSON and has its canonical form"}
)

// testTools is what the tests of every room but tenancy may use.
var testTools = []Edge{
	{testify, "assertions"},
	{rapid, "properties"},
	{goleak, "no goroutine is left behind"},
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
		Edges: []Edge{toTenancy, toUUID, toJSON},
		Tests: testTools,
	},
	{
		Path:  "ports",
		Why:   "an interface names what the models are made of, so that any adapter can satisfy it",
		Edges: []Edge{toTenancy, toIdentity, toFederation},
		Tests: testTools,
	},
	{
		Path: "ports/portstest",
		Why: "whoever writes an adapter runs the suites, with the test library of their own" +
			" choice",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toPorts},
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
			toTenancy, toIdentity, toPorts,
			{"golang.org/x/crypto/argon2", "hashes passwords"},
			{"golang.org/x/crypto/bcrypt", "verifies those that the version before has hashed"},
			{"golang.org/x/text/unicode/norm", "makes a password the same text on every keyboard"},
		},
		Tests: testTools,
	},
	{
		Path: "federation/...",
		Why: "a use case works through ports: it is the same over every adapter, and knows no" +
			" other use case",
		Edges: []Edge{toTenancy, toIdentity, toFederation, toPorts, toUUID, toJSON},
		Tests: testTools,
	},
	adapter("..."), // a new one: it needs a room of its own before it gets third parties
	adapter("memory/...", toUUID),
	adapter("postgres/...", toUUID, toJSON,
		Edge{"github.com/uptrace/bun/...", "the ORM, its dialect, its driver and its migrations"}),
	adapter("httpapi/...", toUUID, toJSON,
		Edge{"github.com/danielgtaylor/huma/v2/...", "OpenAPI 3.1 out of Go types"},
		Edge{"github.com/maypok86/otter/v2", "remembers how fast tenants ask, in bounded memory"},
		Edge{"golang.org/x/time/rate", "the token bucket behind a quota of requests"}),
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
		Why:  "support of this module's own code; only the examples stand above it",
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

// Distances are the rules that look through all imports.
var Distances = []Distance{
	{
		From: []string{"..."}, Except: []string{"internal/...", "examples/..."}, To: containers,
		WithTests: true,
		Why: "`go mod tidy` in a host looks at the tests of what it imports: its go.sum" +
			" would gain 80 lines for containers that it never starts. Such tests stand in a" +
			" package below internal",
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
		From: []string{"examples/..."}, To: containers,
		Why: "containers are for tests, not for a server",
	},
	{
		From: []string{"..."}, Except: []string{"adapters/oidc/...", "internal/...",
			"examples/..."}, To: openID, WithTests: true,
		Why: "a host that has no OpenID provider isn't to get what one needs",
	},
	{
		From: []string{"..."}, Except: []string{"internal/..."},
		To:  []string{testify, rapid, goleak},
		Why: "what tests use stays out of programs",
	},
}

// TopLevel is what may stand in the module's root, beside names that begin with
// a dot.
var TopLevel = []string{
	"LICENSE", "README.md", "go.mod", "go.sum",
	"adapters", "examples", "federation", "internal", "ports", "tenancy",
}

// BadNames say nothing about what a package is for.
var BadNames = []string{"common", "helper", "helpers", "misc", "models", "types", "util", "utils"}
