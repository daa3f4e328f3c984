package tenancy

// ReservedSlugs is the list that [Slug.Reserved] searches.
var ReservedSlugs = reserved
