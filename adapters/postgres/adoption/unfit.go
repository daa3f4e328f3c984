package adoption

// UnfitRows are rows of a single-tenant database that the rules of the new version refuse. The
// adoption keeps them: an item stays readable and deletable, and a bundle can't carry it.
type UnfitRows struct {
	Table string `json:"table"`
	Why   string `json:"why"` // what is wrong, and what follows from it
	Count int64  `json:"count"`
	Find  string `json:"find"` // the SQL that finds them
	Mend  string `json:"mend"` // SQL that mends them, or what else does
}
