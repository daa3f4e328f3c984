//go:build unix

package session

import (
	"errors"
	"syscall"
)

// nothingToRead reports whether a socket, which doesn't block, has neither data nor an end.
func nothingToRead(fd uintptr) bool {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK)
}
