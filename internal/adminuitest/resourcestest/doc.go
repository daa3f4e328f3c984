// Package resourcestest has the tests of the pages of resources.
package resourcestest
