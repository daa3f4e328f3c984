package promote

import (
	"context"
	"errors"
	"io"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// errDryRun rolls back the transaction of a dry run.
var errDryRun = errors.New("promote: dry run")

// Import reads a bundle from r into tenant, in one transaction: it writes all
// items or nothing. The transaction begins after the bundle was read to its end and
// verified, so that it never waits for r.
//
// The errors, each of which means that nothing was written:
//   - [tenancy.CodeImportConflict] with members "counts" ([Counts]) and "items"
//     ([]ReportItem): under [Fail] and [Merge], conflicts are left; each strategy leaves those that
//     it can't resolve. The list ends after 1,000 conflicts or 4 MiB, and then the
//     member "truncated" is true. The counts are always complete, and a dry run
//     reports every item.
//   - [tenancy.CodeConfirmationRequired] with the members "delete" and "of": see [Options].
//   - [tenancy.CodeSecretsMissing] with the member "secrets_required", of which it has at most 1,000:
//     see [Options].
//   - [tenancy.CodeReferenced]: an item that would be deleted is referred to by one that stays.
//   - [tenancy.CodeDigestMismatch], [tenancy.CodeUnsupportedVersion],
//     [tenancy.CodeInvalidJSON], [tenancy.CodeInexactNumber],
//     [tenancy.CodeUnknownField], [tenancy.CodeTooLarge] and
//     [tenancy.CodeInvalid]: the bundle is invalid; see
//     [federation.BundleReader.Items] and [federation.Kinds.Check]. If one item
//     doesn't match its kind, the paths in Details begin with /KIND/NAME. The
//     literal value of a secret is CodeInvalid.
//   - [tenancy.CodeDanglingReference]: an item refers to a name that neither the
//     target nor the bundle has. A dry run reports it too.
//   - [tenancy.CodeUnavailable] with the member "retry_after": other exports and
//     imports use the memory or the temporary space ([Limits]).
//   - An error of r, which [errors.Is] finds, and those of [ports.Transfers].
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
	received, err := s.receive(tenant, r)
	if err != nil {
		return nil, err
	}
	bundle, err := s.check(ctx, tenant, received)
	received.Close()
	if err != nil {
		return nil, err
	}
	defer bundle.Close()
	reported, err := s.space.open(tenant)
	if err != nil {
		return nil, err
	}
	report := &Report{ImportID: id.String(), DryRun: opts.DryRun, items: reported}
	err = s.ports.Transfers.Import(ctx, tenant, func(imp ports.Import) error {
		p := &planner{kinds: s.ports.Kinds, imp: imp, strategy: strategy, report: report}
		return runImport(ctx, p, bundle, opts)
	})
	if err != nil && !(opts.DryRun && errors.Is(err, errDryRun)) {
		report.Close()
		return nil, err
	}
	return report, nil
}

// runImport stages, plans and applies the bundle, within the transaction.
func runImport(ctx context.Context, p *planner, bundle *checkedBundle, opts Options) error {
	source := bundle.manifest.Source
	if err := p.imp.Stage(ctx, source, bundle.items()); err != nil {
		return err
	}
	if !bundle.complete {
		return errors.New("promote: the store staged only a part of the bundle, without an error")
	}
	if opts.Prune != nil {
		if err := p.imp.StageMissing(ctx, *opts.Prune); err != nil {
			return err
		}
	}
	if err := p.plan(ctx); err != nil {
		return err
	}
	if !opts.DryRun {
		if p.report.Counts.Fail > 0 {
			return p.conflicts.err(p.report.Counts)
		}
		if err := p.checkDeletions(opts.Confirm); err != nil {
			return err
		}
	}
	secrets, err := p.imp.Apply(ctx)
	if err != nil {
		return err
	}
	p.report.SecretsRequired = secrets
	if opts.DryRun {
		return errDryRun
	}
	if len(secrets) > 0 && (opts.RequireSecrets || bundle.requireSecrets) {
		return secretsMissing(secrets)
	}
	p.imp.Describe(map[string]any{
		"import_id": p.report.ImportID, "strategy": p.strategy, "counts": p.report.Counts,
		"digest": bundle.manifest.Digest, "source": map[string]any{"instance": source.Instance,
			"tenant": source.Tenant},
	})
	return nil
}
