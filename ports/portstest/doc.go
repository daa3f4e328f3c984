// Package portstest checks adapters against the contracts in package ports.
//
// Each suite is one function. It makes a fresh store for every case, made with
// the kinds of [Kinds]:
//
//	func TestContracts(t *testing.T) {
//		portstest.Test(t, func(t *testing.T) ports.Services {
//			kinds, err := federation.NewKinds(portstest.Kinds()...)
//			if err != nil {
//				t.Fatal(err)
//			}
//			return mystore.New(kinds).Services()
//		})
//	}
//
// A case that fails prints the sentence of the contract that it proves. The
// package needs the standard library and the models, nothing else.
package portstest
