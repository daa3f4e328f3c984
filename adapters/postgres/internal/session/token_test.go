package session_test

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Any other implementation of HMAC-SHA256 gives the same signature:
//
//	printf %s 01900000-0000-7000-8000-000000000000.1767225600 |
//	  openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f
func TestSignedTenantFormat(t *testing.T) {
	t.Parallel()
	var key session.Key
	for i := range key {
		key[i] = byte(i)
	}
	got := key.Sign(tenancy.DefaultID, time.Date(2026, 1, 1, 0, 0, 0, 999, time.FixedZone("", 0)))
	const signature = "11eac30ce86f6a81a02aeb066695a383feb950efc41e3d6bf36ecbb126efc19a"
	require.Equal(t, "01900000-0000-7000-8000-000000000000.1767225600."+signature, got)
}

func TestSignatureDependsOnKeyTenantAndExpiry(t *testing.T) {
	t.Parallel()
	expiry := time.Unix(1767225600, 0)
	seen := map[string]bool{}
	for _, key := range []session.Key{{}, {1}, {0, 1}} {
		for _, tenant := range []tenancy.ID{tenancy.DefaultID, tenancy.NewID()} {
			for _, at := range []time.Time{expiry, expiry.Add(time.Second)} {
				signed := key.Sign(tenant, at)
				require.Len(t, signed, 36+1+10+1+64)
				require.False(t, seen[signed[48:]])
				seen[signed[48:]] = true
			}
		}
	}
}

func TestKeyIsRecoveredFromItsInnerPad(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := session.Key(rapid.SliceOfN(rapid.Byte(), session.KeySize, session.KeySize).
			Draw(t, "key"))
		inner, outer := key.Pads()
		got, ok := session.KeyFromInnerPad(inner)
		require.True(t, ok)
		require.Equal(t, key, got)
		wrong, ok := session.KeyFromInnerPad(outer)
		require.False(t, ok, "KeyOf accepts the outer pad")
		require.Zero(t, wrong)
	})
}

func TestInvalidInnerPadGivesNoKey(t *testing.T) {
	t.Parallel()
	inner, _ := session.Key{}.Pads()
	damaged := bytes.Clone(inner)
	damaged[sha256.BlockSize-1]++
	for name, pad := range map[string][]byte{
		"nothing": nil, "short": inner[:sha256.BlockSize-1],
		"long": append(bytes.Clone(inner), 0x36), "a key's length": inner[:session.KeySize],
		"not padded with zeros": damaged, "zeros": make([]byte, sha256.BlockSize),
	} {
		_, ok := session.KeyFromInnerPad(pad)
		require.False(t, ok, name)
	}
}
