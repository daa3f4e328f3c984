// Package auditlogtest tests the pages of the audit logs.
package auditlogtest
