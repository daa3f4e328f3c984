// Package items stores the items of declared tables, and exports and imports them.
package items
