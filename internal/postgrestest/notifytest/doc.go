// Package notifytest tests the change notifications of adapters/postgres: which committed changes
// are notified, that a notification can't be read or forged without the key, and what happens when
// the listening connection breaks.
package notifytest
