// Package resources has the pages of the resources of every kind that the host declares.
package resources
