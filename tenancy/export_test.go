package tenancy

// ReservedSlugs is the list behind [Slug.Reserved].
var ReservedSlugs = reserved
