// Package transfertest tests the pages of import and export, of secrets and of federation.
package transfertest
