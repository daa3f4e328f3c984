// Package doctortest tests what adapters/postgres requires of a database: the findings of Doctor,
// the repairs of Mend, and the checks with which Open and Ready refuse a database whose tenants
// aren't kept apart.
package doctortest
