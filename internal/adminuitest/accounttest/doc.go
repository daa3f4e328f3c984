// Package accounttest tests the pages of one's account, and the one of an invitation's link.
package accounttest
