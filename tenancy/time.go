package tenancy

// TimeLayout is the layout of every time in a text that is stored, hashed or sent:
// RFC 3339, always with microseconds, the precision of PostgreSQL. All such texts
// have the same length and sort in the order of time. The time must be in UTC: the
// Z is part of the layout.
const TimeLayout = "2006-01-02T15:04:05.000000Z"
