package promotetest

import "github.com/bailiwick-go/bailiwick/federation/promote"

// model is what a source and a target have: an item's name and its content, which is 0 if the side
// doesn't have it.
type model struct {
	source, target map[string]int
	base           map[string]int // what the target last took; a name is missing if it took none
}

func newModel() *model {
	return &model{source: map[string]int{}, target: map[string]int{}, base: map[string]int{}}
}

// names returns every name that a side knows.
func (m *model) names() map[string]bool {
	all := map[string]bool{}
	for _, side := range []map[string]int{m.source, m.target, m.base} {
		for name := range side {
			all[name] = true
		}
	}
	return all
}

// load imports what the source has, and returns the expected actions. If one is ActionFail, the
// import changes nothing.
func (m *model) load(strategy promote.Strategy, prune bool) map[string]promote.Action {
	actions := map[string]promote.Action{}
	for name := range m.names() {
		if action := m.action(name, strategy, prune); action != "" {
			actions[name] = action
		}
	}
	for _, action := range actions {
		if action == promote.ActionFail {
			return actions
		}
	}
	for name := range m.names() {
		m.apply(name, actions[name], prune)
	}
	return actions
}

// apply changes the target and the base as the action says.
func (m *model) apply(name string, action promote.Action, prune bool) {
	source := m.source[name]
	switch action {
	case promote.ActionCreate, promote.ActionUpdate:
		m.target[name], m.base[name] = source, source
	case promote.ActionUnchanged:
		m.base[name] = source
	case promote.ActionDelete:
		m.target[name] = 0
		delete(m.base, name)
	case "":
		if prune && source == 0 && m.target[name] == 0 {
			delete(m.base, name)
		}
	}
}

// action looks the three contents up in the table of the contract.
func (m *model) action(name string, strategy promote.Strategy, prune bool) promote.Action {
	source, target := m.source[name], m.target[name]
	base, took := m.base[name]
	if source == 0 && (!prune || !took || target == 0) {
		return ""
	}
	conflict := map[promote.Strategy]promote.Action{promote.Fail: promote.ActionFail,
		promote.Merge: promote.ActionFail, promote.Skip: promote.ActionSkip,
		promote.Overwrite: write(source, target)}[strategy]
	switch {
	case source == target:
		return promote.ActionUnchanged
	case !took && target == 0:
		return promote.ActionCreate
	case !took:
		return conflict
	case target == base:
		return write(source, target)
	case source == base && strategy == promote.Overwrite:
		return write(source, target)
	case source == base:
		return promote.ActionKeep
	}
	return conflict
}

// write is the action that makes the target what the source is.
func write(source, target int) promote.Action {
	switch {
	case source == 0:
		return promote.ActionDelete
	case target == 0:
		return promote.ActionCreate
	}
	return promote.ActionUpdate
}
