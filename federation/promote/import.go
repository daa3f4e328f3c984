package promote

import (
	"context"
	"errors"
	"io"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// errDryRun takes the transaction of a dry run back.
var errDryRun = errors.New("promote: dry run")

// Import reads a bundle from r into tenant, in one transaction: all of it or
// nothing. Nothing is planned, let alone written, before the bundle was read to
// its end and every digest in it was found right.
//
// The errors, each of which means that nothing was written:
//   - [tenancy.CodeImportConflict] with members "counts" ([Counts]) and "items"
//     ([]ReportItem): under [Fail], the target has other content under the
//     names listed. The list ends after 1,000 conflicts or 4 MiB, and then a
//     member "truncated" is true; counts are always whole, and a dry run reports
//     every item.
//   - [tenancy.CodeDigestMismatch], [tenancy.CodeUnsupportedVersion],
//     [tenancy.CodeInvalidJSON], [tenancy.CodeUnknownField],
//     [tenancy.CodeInvalid]: what the bundle says. Details begin with
//     /KIND/NAME when it is about one item. Literal values of secrets are
//     refused.
//   - [tenancy.CodeDanglingReference]: a name that neither the target nor the
//     bundle has; also found by a dry run.
//   - an error of r as it is, and those of [ports.Transfers].
func (s *Service) Import(
	ctx context.Context, tenant tenancy.ID, r io.Reader, opts Options,
) (*Report, error) {
	strategy, err := ParseStrategy(string(opts.Strategy))
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	report := &Report{ImportID: id.String(), DryRun: opts.DryRun, items: new(spool)}
	err = s.ports.Transfers.Import(ctx, tenant, func(imp ports.Import) error {
		p := &planner{kinds: s.ports.Kinds, imp: imp, strategy: strategy, report: report}
		return s.runImport(ctx, p, r, opts.DryRun)
	})
	if err != nil && !(opts.DryRun && errors.Is(err, errDryRun)) {
		report.Close()
		return nil, err
	}
	return report, nil
}

// runImport takes an import through its steps, within the transaction.
func (s *Service) runImport(ctx context.Context, p *planner, r io.Reader, dryRun bool) error {
	in := &incomingBundle{kinds: s.ports.Kinds, bundle: federation.ReadBundle(r)}
	if err := p.imp.Stage(ctx, in.items()); err != nil {
		return err
	}
	if !in.complete {
		return errors.New("promote: the store staged a part of the bundle and no error")
	}
	if err := p.plan(ctx); err != nil {
		return err
	}
	if p.report.Counts.Fail > 0 && !dryRun {
		return p.conflicts.err(p.report.Counts)
	}
	secrets, err := p.imp.Apply(ctx, p.decide)
	if err != nil {
		return err
	}
	p.report.SecretsRequired = secrets
	if dryRun {
		return errDryRun
	}
	manifest := in.bundle.Manifest()
	p.imp.Describe(map[string]any{
		"import_id": p.report.ImportID, "strategy": p.strategy, "counts": p.report.Counts,
		"digest": manifest.Digest, "source": map[string]any{"instance": manifest.Source.Instance,
			"tenant": manifest.Source.Tenant},
	})
	return nil
}
