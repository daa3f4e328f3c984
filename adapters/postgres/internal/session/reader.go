package session

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// word is a token that isn't space or comment.
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

// name is what the word names, the way PostgreSQL folds it; empty if it is no
// name.
func (w word) name() string {
	switch w.kind {
	case sqllex.Word:
		return strings.ToLower(w.text)
	case sqllex.Quoted:
		return strings.ReplaceAll(strings.Trim(w.text, `"`), `""`, `"`)
	}
	return ""
}

// hasServerPrefix reports whether the word names something that begins with pg_.
func (w word) hasServerPrefix() bool {
	text := w.text
	if w.kind == sqllex.Quoted {
		text = text[1:]
	}
	return len(text) > 3 && text[2] == '_' && text[0]|0x20 == 'p' && text[1]|0x20 == 'g'
}

// reader reads a message of statements, word by word.
type reader struct {
	rest      string
	word      word // the one at hand
	previous  word
	pastFirst bool // a statement was read
	found     message
}

// next moves to the next word, and reports false at the end.
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

// skipParens moves into the brackets that a query may stand in.
func (r *reader) skipParens() {
	for r.word.isMark("(") && r.next() {
	}
}

// remaining reads the words up to the end of the statement.
func (r *reader) remaining() (words []word) {
	for r.next() && !r.word.isMark(";") {
		words = append(words, r.word)
	}
	return words
}

// peekRemaining is what remains of the statement; the reader stays where it is.
func (r *reader) peekRemaining() []word {
	copied := *r
	return copied.remaining()
}
