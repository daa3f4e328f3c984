package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/readiness"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// instanceBody describes the installation.
type instanceBody struct {
	Instance string        `json:"instance" format:"uuid"`
	Version  string        `json:"version" doc:"of the program"`
	Keys     []instanceKey `json:"keys" nullable:"false" doc:"verify its bundles; the newest signs"`
}

type instanceKey struct {
	KeyID     string `json:"key_id"`
	Alg       string `json:"alg" enum:"ed25519"`
	PublicKey []byte `json:"public_key" doc:"32 bytes in base64"`
}

// instanceKeys reads the installation's keys at most once a second, so that callers without
// credentials can't load the database.
type instanceKeys struct {
	read *readiness.Check
	last atomic.Pointer[[]trust.PublicKey]
}

func newInstanceKeys(port ports.InstanceKeys, clock func() time.Time) *instanceKeys {
	k := &instanceKeys{}
	k.last.Store(&[]trust.PublicKey{})
	if port == nil {
		k.read = readiness.New(nil, clock)
		return k
	}
	k.read = readiness.New(func(ctx context.Context) error {
		keys, err := port.PublicKeys(ctx)
		if err == nil {
			k.last.Store(&keys)
		}
		return err
	}, clock)
	return k
}

// showInstance writes the installation's id and public keys.
func (a *api) showInstance(w http.ResponseWriter, c *call) error {
	if err := a.instanceKeys.read.Run(c.Context()); err != nil {
		return err
	}
	body := instanceBody{Instance: a.services.Instance, Version: a.version, Keys: []instanceKey{}}
	for _, key := range *a.instanceKeys.last.Load() {
		body.Keys = append(body.Keys, instanceKey{key.ID, "ed25519", key.Key})
	}
	return writeJSON(w, http.StatusOK, body)
}

// checkSettings refuses settings whose members for bundles are invalid.
func checkSettings(settings json.RawMessage) error {
	_, err := trust.Parse(settings)
	e, ok := errors.AsType[*tenancy.Error](err)
	if !ok {
		return err
	}
	for i := range e.Details {
		e.Details[i].Path = "/settings" + e.Details[i].Path
	}
	return e
}
