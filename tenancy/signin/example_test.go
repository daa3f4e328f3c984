package signin_test

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// A person signs in, and later requests have the secret of their session.
func Example() {
	ctx := context.Background()
	services := memory.New(nil, memory.Options{}).Services()
	service := signin.New(services, signin.Options{})
	hash, err := service.Hash(ctx, "correct horse battery")
	if err != nil {
		panic(err)
	}
	if _, err := services.Users.Create(ctx, identity.User{ID: tenancy.NewID().String(),
		Email: "ada@example.com", Name: "Ada"}, hash); err != nil {
		panic(err)
	}

	started, err := service.SignIn(ctx,
		signin.Attempt{Email: "ada@example.com", Password: "correct horse battery"})
	if err != nil {
		panic(err)
	}
	caller, err := service.Authenticate(ctx, started.Secret)
	fmt.Println(caller.Principal.Name, err)
	_, err = service.SignIn(ctx, signin.Attempt{Email: "ada@example.com", Password: "wrong"})
	fmt.Println(tenancy.CodeOf(err))
	// Output:
	// Ada <nil>
	// unauthenticated
}
