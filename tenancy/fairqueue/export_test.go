package fairqueue

// Waiting returns the number of callers that wait.
func (q *Queue[K]) Waiting() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, callers := range q.waiting {
		n += len(callers)
	}
	return n
}
