// Package doctor is what an examination of a database answers: what weakens the isolation
// of its tenants, and the SQL that mends it. postgres.Doctor examines.
package doctor
