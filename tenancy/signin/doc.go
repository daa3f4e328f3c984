// Package signin signs people in, by password or through an OpenID provider, and
// authenticates their sessions:
//
//	service := signin.New(db.Services(), signin.Options{})
//	started, err := service.SignIn(ctx, signin.Attempt{Email: email, Password: password})
//	caller, err := service.Authenticate(ctx, started.Secret) // at each later request
//
// It has use cases over the ports, which are the same for every adapter.
//
// Sessions are stored on the server. The secret of a session changes when the
// rights of its user change, and with the password. Each request reads the present
// rights of the user.
//
// Attempts are limited by account and by address, for all instances together. An
// attempt is counted before its result is known, so that parallel guesses gain
// nothing. A caller who has to wait gets the waiting time, also for an account that
// doesn't exist. By default a wait is at most 15 minutes, and attempts during a wait
// don't prolong it. So strangers can delay the next sign-in by password to an
// account as long as they keep trying, but they can't end its sessions or prevent
// its user from signing in through an OpenID provider.
package signin
