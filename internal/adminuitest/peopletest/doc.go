// Package peopletest tests the pages of members, invitations and keys.
package peopletest
