package session

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// word is a token other than space and comments.
type word struct {
	kind sqllex.Kind
	text string
}

func (w word) is(texts ...string) bool {
	if w.kind != sqllex.Word {
		return false
	}
	for _, t := range texts {
		if len(w.text) == len(t) && strings.EqualFold(w.text, t) {
			return true
		}
	}
	return false
}

func (w word) isMark(m string) bool { return w.kind == sqllex.Other && w.text == m }

// name returns the identifier, folded as PostgreSQL does; empty if the word isn't one.
func (w word) name() string {
	switch w.kind {
	case sqllex.Word:
		return strings.ToLower(w.text)
	case sqllex.Quoted:
		return strings.ReplaceAll(strings.Trim(w.text, `"`), `""`, `"`)
	}
	return ""
}

// hasServerPrefix reports whether the word is a name that begins with pg_.
func (w word) hasServerPrefix() bool {
	text := w.text
	if w.kind == sqllex.Quoted {
		text = text[1:]
	}
	return len(text) > 3 && text[2] == '_' && text[0]|0x20 == 'p' && text[1]|0x20 == 'g'
}

// reader reads a message of one or more statements, word by word.
type reader struct {
	rest      string
	word      word // the current one
	previous  word
	pastFirst bool // a statement was read
	found     message
}

// next moves to the next word. It reports false at the end.
func (r *reader) next() bool {
	r.previous, r.word = r.word, word{}
	for r.rest != "" {
		kind, n := sqllex.Next(r.rest)
		text := r.rest[:n]
		r.rest = r.rest[n:]
		if kind != sqllex.Space && kind != sqllex.Comment {
			r.word = word{kind, text}
			return true
		}
	}
	return false
}

// skipParens skips opening parentheses before a query.
func (r *reader) skipParens() {
	for r.word.isMark("(") && r.next() {
	}
}

// remaining reads the words after the current one up to the end of the statement.
func (r *reader) remaining() (words []word) {
	for r.next() && !r.word.isMark(";") {
		words = append(words, r.word)
	}
	return words
}

// peekRemaining returns the same words as remaining, and doesn't move the reader.
func (r *reader) peekRemaining() []word {
	copied := *r
	return copied.remaining()
}
