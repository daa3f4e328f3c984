// Package vault stores the values of secrets, encrypted.
package vault
