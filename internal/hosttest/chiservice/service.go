package chiservice

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type author struct {
	bun.BaseModel `bun:"table:authors"`

	ID   uuid.UUID `bun:"id,pk,type:uuid,default:gen_random_uuid()" json:"id"`
	Name string    `bun:"name,type:text,notnull" json:"name"`
}

// language is a row that all tenants share.
type language struct {
	bun.BaseModel `bun:"table:languages"`

	Code string `bun:"code,pk,type:text"`
}

// book may be the sequel of another one. Deleted books stay in the table.
type book struct {
	bun.BaseModel `bun:"table:books"`

	ID       uuid.UUID       `bun:"id,pk,type:uuid,default:gen_random_uuid()" json:"id"`
	Title    string          `bun:"title,type:text,notnull" json:"title"`
	Language *string         `bun:"language,type:text" json:"language"`
	SequelOf *uuid.UUID      `bun:"sequel_of,type:uuid" json:"sequel_of"`
	Details  json.RawMessage `bun:"details,type:jsonb,notnull,default:'{}'" json:"details"`
	Deleted  *time.Time      `bun:"deleted_at,type:timestamptz,soft_delete" json:"-"`
}

type bookAuthor struct {
	bun.BaseModel `bun:"table:book_authors"`

	BookID   uuid.UUID `bun:"book_id,pk,type:uuid"`
	AuthorID uuid.UUID `bun:"author_id,pk,type:uuid"`
}

type loan struct {
	bun.BaseModel `bun:"table:loans"`

	ID     uuid.UUID `bun:"id,pk,type:uuid,default:gen_random_uuid()" json:"id"`
	BookID uuid.UUID `bun:"book_id,type:uuid,notnull" json:"book_id"`
	Reader string    `bun:"reader,type:text,notnull" json:"reader"`
}

// service reads with database/sql, as it always did, and writes with bun.
type service struct{ db *postgres.DB }

// guard is a middleware for routes that need a permission.
type guard func(tenancy.Permission) func(http.Handler) http.Handler

func (s *service) routes(r chi.Router, needs guard) {
	r.Group(func(r chi.Router) {
		r.Use(needs(tenancy.ResourceRead))
		r.Get("/books", serve(s.listBooks))
		r.Get("/books/{id}", serve(s.getBook))
		r.Get("/languages", serve(s.listLanguages))
	})
	r.Group(func(r chi.Router) {
		r.Use(needs(tenancy.ResourceWrite))
		r.Post("/books/{id}/loans", serve(s.lend))
		r.Delete("/books/{id}", serve(s.removeBook))
	})
}

// serve writes what f returns as JSON.
func serve(f func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := f(r)
		if err != nil {
			http.Error(w, "no such book", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func (s *service) listBooks(r *http.Request) (any, error) {
	rows, err := s.db.SQL().QueryContext(r.Context(), "SELECT b.title, coalesce(string_agg(a.name, ', '), '')"+
		" FROM books b LEFT JOIN book_authors ba ON ba.book_id = b.id"+
		" LEFT JOIN authors a ON a.id = ba.author_id WHERE b.deleted_at IS NULL AND b.title > $1"+
		" GROUP BY b.title ORDER BY b.title", r.URL.Query().Get("after"))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	books := []map[string]string{}
	for rows.Next() {
		var title, authors string
		if err := rows.Scan(&title, &authors); err != nil {
			return nil, err
		}
		books = append(books, map[string]string{"title": title, "authors": authors})
	}
	return books, rows.Err()
}

func (s *service) getBook(r *http.Request) (any, error) {
	var found book
	err := s.db.IDB(r.Context()).NewSelect().Model(&found).
		Where("id::text = ?", chi.URLParam(r, "id")).Scan(r.Context())
	return found, err
}

func (s *service) listLanguages(r *http.Request) (any, error) {
	var all []string
	err := s.db.Scoped(r.Context()).NewSelect().Model((*language)(nil)).Column("code").
		Order("code").Scan(r.Context(), &all)
	return all, err
}

// lend is one transaction: the loan, and what the tenant's audit log says of it.
func (s *service) lend(r *http.Request) (any, error) {
	var sent struct{ Reader string }
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		return nil, err
	}
	made := loan{Reader: sent.Reader}
	err := s.db.Scoped(r.Context()).RunInTx(r.Context(), nil,
		func(ctx context.Context, tx *postgres.Scoped) error {
			var lent book
			err := tx.NewSelect().Model(&lent).Where("id::text = ?", chi.URLParam(r, "id")).Scan(ctx)
			if err != nil {
				return err
			}
			made.BookID = lent.ID
			if _, err := tx.NewInsert().Model(&made).Exec(ctx); err != nil {
				return err
			}
			return s.db.Record(ctx, tx, tenancy.Event{Action: "loan.create",
				Details: map[string]any{"id": made.ID.String()}})
		})
	return made, err
}

func (s *service) removeBook(r *http.Request) (any, error) {
	result, err := s.db.IDB(r.Context()).NewDelete().Model((*book)(nil)).
		Where("id::text = ?", chi.URLParam(r, "id")).Exec(r.Context())
	if err != nil {
		return nil, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return nil, sql.ErrNoRows
	}
	return "removed", nil
}
