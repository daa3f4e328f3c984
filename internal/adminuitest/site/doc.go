// Package site serves the admin pages over the memory adapter for one test, and has a browser
// without scripts that signs in, follows redirects and fills in forms.
//
//	s := site.New(t, site.Options{MultiTenant: true})
//	b := s.SignIn(t, site.AcmeAdmin)
//	p := b.Get("/admin/t/acme/settings").Want(http.StatusOK)
//	p = b.Submit(p.Form("settings"), map[string]string{"name": "Acme 2"})
//	require.Contains(t, p.Text(), "Saved.")
package site
