// Package gormservice is the smallest service that reads and writes a tenant's rows with gorm, over db.SQL().
// No package that a host imports may import this one: see the rules of archtest.
package gormservice
