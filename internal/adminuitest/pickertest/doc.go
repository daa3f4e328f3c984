// Package pickertest has the tests of the proposals for names, in a browser.
package pickertest
