package session

// Check runs the check of a query without a server.
func Check(query string) error {
	_, err := check(query)
	return err
}
