package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Cost is the cost of hashing a password: the parameters of argon2id (RFC 9106).
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// defaultCost is a recommendation of OWASP's Password Storage Cheat Sheet that
// needs little memory, so that many sign-ins don't exhaust the memory.
var defaultCost = Cost{Memory: 19 << 10, Passes: 2, Threads: 1}

const (
	saltSize   = 16 // bytes; RFC 9106, section 3.1
	digestSize = 32

	// The limits for the cost of stored hashes, which may come from elsewhere.
	maxMemory  = 256 << 10 // KiB
	maxPasses  = 16
	maxThreads = 16
	maxBcrypt  = 14 // bcrypt's cost, a logarithm

	// maxQueueTime is how long a password waits for a slot.
	maxQueueTime = 10 * time.Second
)

var errBusy = tenancy.Errorf(tenancy.CodeUnavailable, "too many sign-ins at once: try again")

// hasher hashes passwords. It hashes as many concurrently as it has slots, and the
// others wait, so that a flood of sign-ins uses a bounded amount of memory.
type hasher struct {
	cost  Cost
	slots chan struct{}
	dummy phc // a random hash, which matches no password
}

// newHasher makes a hasher with atOnce slots.
func newHasher(cost Cost, atOnce int) *hasher {
	h := &hasher{cost: cost, slots: make(chan struct{}, atOnce)}
	h.dummy = phc{cost: cost, salt: random(saltSize), digest: random(digestSize)}
	return h
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

// acquire waits for a slot and returns the function that releases it.
func (h *hasher) acquire(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, maxQueueTime)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, errBusy.Because(ctx.Err())
	}
}

// hash returns the hash of a password in the PHC string format.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	p := phc{cost: h.cost, salt: random(saltSize)}
	p.digest = p.sum(normalize(password), digestSize)
	return p.String(), nil
}

// verify reports whether stored is the hash of password, and whether the password
// should be rehashed. A stored hash of an unknown form matches no password, and
// verifying it takes as long.
func (h *hasher) verify(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	if isBcrypt(stored) {
		// earlier versions hashed the password without normalization
		return bcrypt.CompareHashAndPassword([]byte(stored), []byte(password)) == nil, true, nil
	}
	p, err := parsePHC(stored)
	known := err == nil
	if !known {
		p = h.dummy
	}
	same := subtle.ConstantTimeCompare(p.sum(normalize(password), len(p.digest)), p.digest) == 1
	return known && same, p.cost != h.cost, nil
}

// isBcrypt reports whether a hash is bcrypt's, at a cost of at most maxBcrypt.
func isBcrypt(stored string) bool {
	cost, err := bcrypt.Cost([]byte(stored))
	return err == nil && cost <= maxBcrypt
}

// phc is an argon2id hash in the PHC string format, as all implementations write
// it: $argon2id$v=19$m=19456,t=2,p=1$salt$digest.
type phc struct {
	cost         Cost
	salt, digest []byte
}

var phcEncoding = base64.RawStdEncoding.Strict()

func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.cost.Memory,
		p.cost.Passes, p.cost.Threads,
		phcEncoding.EncodeToString(p.salt), phcEncoding.EncodeToString(p.digest))
}

func (p phc) sum(password string, size int) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.cost.Passes, p.cost.Memory, p.cost.Threads,
		uint32(size))
}

var errNotPHC = errors.New("not an argon2id hash")

// parsePHC parses a hash in exactly the form of [phc.String], with a cost within
// the limits.
func parsePHC(text string) (phc, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return phc{}, errNotPHC
	}
	var p phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.cost.Memory, &p.cost.Passes,
		&p.cost.Threads); err != nil {
		return phc{}, errNotPHC
	}
	var err error
	if p.salt, err = phcEncoding.DecodeString(parts[4]); err != nil {
		return phc{}, errNotPHC
	}
	if p.digest, err = phcEncoding.DecodeString(parts[5]); err != nil {
		return phc{}, errNotPHC
	}
	sizes := len(p.salt) >= 8 && len(p.salt) <= 64 && len(p.digest) >= 16 && len(p.digest) <= 64
	if !sizes || p.cost.check() != nil || p.String() != text {
		return phc{}, errNotPHC
	}
	return p, nil
}

// check returns an error if c is invalid for argon2id or exceeds the limits.
func (c Cost) check() error {
	if c.Passes < 1 || c.Passes > maxPasses || c.Threads < 1 || c.Threads > maxThreads ||
		c.Memory < 8*uint32(c.Threads) || c.Memory > maxMemory {
		return fmt.Errorf("argon2id needs 1 to %d passes, 1 to %d threads, and a memory of 8 KiB"+
			" per thread to %d KiB", maxPasses, maxThreads, maxMemory)
	}
	return nil
}
