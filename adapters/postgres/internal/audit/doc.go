// Package audit writes and reads the audit log: one chain of entries for each tenant, and one for
// entries that belong to no tenant. It also keeps the log's monthly partitions.
package audit
