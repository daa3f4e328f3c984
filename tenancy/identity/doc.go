// Package identity is the model of people and how they sign in:
//
//   - [User] is a person with an account, told apart by a normalized e-mail
//     address ([ParseEmail]);
//   - [Password] is the stored hash of a user's password, [Identity] an account at
//     an OpenID provider, [Session] one sign-in on one device;
//   - [Backoff] and [AttemptState] slow down attempts to guess a password;
//   - the events are what the audit log of the platform records about all of them.
//
// A user belongs to no tenant. The tenants that a user may work in are in package
// tenancy: see [tenancy.Membership].
//
// The package imports the standard library and tenancy, nothing else. The use
// cases over this model are in package tenancy/signin.
package identity
