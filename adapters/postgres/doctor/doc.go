// Package doctor holds the result of an examination of a database: findings that weaken the
// isolation of its tenants, each with the SQL that fixes it. The function postgres.Doctor
// examines a database.
package doctor
