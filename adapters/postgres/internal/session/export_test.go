package session

// Check lets a test ask what is refused without a server.
func Check(query string) error {
	_, err := check(query)
	return err
}
