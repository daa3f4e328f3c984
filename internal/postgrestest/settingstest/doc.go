// Package settingstest tests databases whose sessions begin with other settings than
// PostgreSQL's defaults, and the connection strings that people have.
package settingstest
