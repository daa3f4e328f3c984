package slownet_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bailiwick-go/bailiwick/internal/slownet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const delay = 20 * time.Millisecond

// echo runs a server that sends back what it receives, and returns its address.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", slownet.Start(t, echo(t), delay))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

func TestRoundTripTakesTwoDelays(t *testing.T) {
	t.Parallel()
	conn := dial(t)
	for range 3 {
		begin := time.Now()
		_, err := conn.Write([]byte("ping"))
		require.NoError(t, err)
		_, err = io.ReadFull(conn, make([]byte, 4))
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(begin), 2*delay)
	}
}

// Messages that don't wait for replies are delayed at the same time.
func TestConsecutiveMessagesAreDelayedAtTheSameTime(t *testing.T) {
	t.Parallel()
	conn := dial(t)
	const messages = 100
	begin := time.Now()
	go func() {
		for range messages {
			_, _ = conn.Write([]byte("ping"))
			time.Sleep(time.Millisecond / 4) // so that they are read apart
		}
	}()
	_, err := io.ReadFull(conn, make([]byte, 4*messages))
	require.NoError(t, err)
	require.Less(t, time.Since(begin), messages*delay/2)
}

func TestEveryByteArrivesInOrder(t *testing.T) {
	t.Parallel()
	conn := dial(t)
	sent := make([]byte, 4<<20)
	_, _ = rand.Read(sent)
	go func() { _, _ = conn.Write(sent) }()
	got := make([]byte, len(sent))
	_, err := io.ReadFull(conn, got)
	require.NoError(t, err)
	require.True(t, bytes.Equal(sent, got))
}

func TestClosingOneSideClosesTheOther(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	conn, err := net.Dial("tcp", slownet.Start(t, listener.Addr().String(), delay))
	require.NoError(t, err)
	defer conn.Close()
	server, err := listener.Accept()
	require.NoError(t, err)
	_, err = server.Write([]byte("bye"))
	require.NoError(t, err)
	require.NoError(t, server.Close())
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Equal(t, "bye", string(got))
}

func TestClientIsClosedIfTheServerIsUnreachable(t *testing.T) {
	t.Parallel()
	conn, err := net.Dial("tcp", slownet.Start(t, "127.0.0.1:1", delay))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.ReadAll(conn)
	require.NoError(t, err)
}
