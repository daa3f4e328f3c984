// Package walk walks the admin pages as one person: it follows each link, each redirect and
// each path that the pages' script asks, sends each form, and asks for pages of other tenants
// in all ways that an attacker would try first. Each answer is checked; what is wrong is in
// [Report.Faults].
package walk
