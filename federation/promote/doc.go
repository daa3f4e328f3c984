// Package promote exports and imports a tenant's configuration:
//
//	service := promote.New(db.Services())
//	exported, err := service.Export(ctx, staging, ports.Selection{})
//	defer exported.Close()
//	_, err = exported.WriteTo(file)
//
//	report, err := service.Import(ctx, production.ID, file, promote.Options{DryRun: true})
//
// [Service.Export] writes a bundle, [Service.Import] reads one into a tenant in one
// transaction.
//
// An export is spooled until it is complete, so that no caller gets an incomplete
// bundle. An import is planned before anything is written, so that all conflicts
// are reported at once. The memory of both doesn't grow with the bundle.
package promote
