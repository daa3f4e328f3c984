package slownet

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Start runs a proxy for t before the server at target (host:port), and answers
// the address that it listens on. What it carries arrives delay later, in either
// direction: a round trip takes two delays more. Bytes that follow each other
// are delayed together, not one after the other, as on a wire.
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

// serve carries until both sides have ended.
func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !p.enter(client, server) {
		return
	}
	defer p.leave(client, server)
	var both sync.WaitGroup
	both.Go(func() { p.carry(server, client) })
	both.Go(func() { p.carry(client, server) })
	both.Wait()
}

// chunk is what was read at once, and when it arrives.
type chunk struct {
	bytes []byte
	due   time.Time
}

// carry copies from one side to the other, late. When one ends, so does the
// other, once it has had everything.
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
		_, _ = to.Write(c.bytes) // the reader of a side that is gone drains the wire
	}
	_ = to.Close()
}

// enter notes connections to be closed at the end; false if that has come.
func (p *proxy) enter(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		p.open[c] = true
	}
	return !p.closed
}

func (p *proxy) leave(conns ...net.Conn) {
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
