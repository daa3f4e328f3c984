package gormservice

import (
	"context"

	gormpostgres "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/hosttest/noteservice"
)

type notes struct{ gorm *gorm.DB }

// note is gorm's model. It leaves out tenant_id, which the database fills in.
type note struct {
	Title string `gorm:"primaryKey"`
}

func (note) TableName() string { return "notes" }

// connect has no ping and no prepared statements: neither has a tenant.
func connect(_ context.Context, db *postgres.DB) (noteservice.Store, func(), error) {
	g, err := gorm.Open(gormpostgres.New(gormpostgres.Config{Conn: db.SQL()}),
		&gorm.Config{DisableAutomaticPing: true, Logger: logger.Discard})
	return &notes{g}, func() {}, err
}

func (n *notes) List(ctx context.Context) (titles []string, err error) {
	err = n.gorm.WithContext(ctx).Model(&note{}).Order("title").Pluck("title", &titles).Error
	return titles, err
}

func (n *notes) Add(ctx context.Context, title string) error {
	return n.gorm.WithContext(ctx).Create(&note{Title: title}).Error
}
