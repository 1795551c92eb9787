//go:build !windows

package service

import "context"

// managed: elsewhere a service is a program like any other.
func managed(string, func(context.Context) error) (bool, error) { return false, nil }
