package slownet

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Start runs a proxy for t before the server at target (host:port), and returns the address on
// which it listens. What it carries arrives after delay, in both directions: a round trip takes two
// delays longer. Bytes sent one after the other are delayed at the same time, as on a wire.
func Start(t testing.TB, target string, delay time.Duration) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("slownet: %v", err)
	}
	p := &proxy{target: target, delay: delay, open: map[net.Conn]bool{}}
	p.running.Go(func() { p.accept(listener) })
	t.Cleanup(func() {
		_ = listener.Close()
		p.closeAll()
		p.running.Wait()
	})
	return listener.Addr().String()
}

type proxy struct {
	target  string
	delay   time.Duration
	running sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

func (p *proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client) })
	}
}

// serve copies in both directions until both sides have ended.
func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !p.register(client, server) {
		return
	}
	defer p.unregister(client, server)
	var both sync.WaitGroup
	both.Go(func() { p.carry(server, client) })
	both.Go(func() { p.carry(client, server) })
	both.Wait()
}

// chunk is the result of one read, and when it must be written.
type chunk struct {
	bytes []byte
	due   time.Time
}

// carry copies from one side to the other with the delay. When from ends, it closes to after
// writing everything.
func (p *proxy) carry(to, from net.Conn) {
	wire := make(chan chunk, 1024)
	p.running.Go(func() {
		defer close(wire)
		for {
			buffer := make([]byte, 16<<10)
			n, err := from.Read(buffer)
			if n > 0 {
				wire <- chunk{buffer[:n], time.Now().Add(p.delay)}
			}
			if err != nil {
				return
			}
		}
	})
	for c := range wire {
		time.Sleep(time.Until(c.due))
		_, _ = to.Write(c.bytes) // after an error the loop only drains the channel
	}
	_ = to.Close()
}

// register records connections that closeAll must close. It reports false if closeAll has run.
func (p *proxy) register(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.open[c] = true
	}
	return !p.closed
}

func (p *proxy) unregister(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.open, c)
	}
}

func (p *proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for c := range p.open {
		_ = c.Close()
	}
}
