package main

import (
	"fmt"
	"slices"
)

// row is one line of the table.
type row struct{ name, value string }

func (m *measures) rows() []row {
	largest := size{}
	for _, s := range m.packages {
		largest.files, largest.lines = max(largest.files, s.files), max(largest.lines, s.lines)
	}
	return []row{
		{"packages", fmt.Sprint(len(m.packages))},
		{"largest package: files", fmt.Sprint(largest.files)},
		{"largest package: lines", fmt.Sprint(largest.lines)},
		{"production: files", fmt.Sprint(len(m.production.lines))},
		{"production: lines", fmt.Sprint(sum(m.production.lines))},
		{"production: lines a file, median and 90th percentile", quantiles(m.production.lines)},
		{"functions: lines, median and 90th percentile", quantiles(m.functions)},
		{"interfaces: methods, median and 90th percentile", quantiles(m.interfaces)},
		{"production: comment lines", share(m.production.comments, sum(m.production.lines))},
		{"exported names with a comment", share(m.documented, m.exported)},
		{"production: code over 100 columns", fmt.Sprint(m.production.over100)},
		{"production: lines over 120 columns", fmt.Sprint(m.production.over120)},
		{"tests: files", fmt.Sprint(len(m.tests.lines))},
		{"tests: lines", fmt.Sprint(sum(m.tests.lines))},
		{"tests: code over 100 columns", fmt.Sprint(m.tests.over100)},
		{"tests: lines over 120 columns", fmt.Sprint(m.tests.over120)},
	}
}

func sum(all []int) int {
	n := 0
	for _, v := range all {
		n += v
	}
	return n
}

func quantiles(all []int) string {
	if len(all) == 0 {
		return "none"
	}
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%d, %d", sorted[len(sorted)/2], sorted[len(sorted)*9/10])
}

func share(part, whole int) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(max(whole, 1)))
}
