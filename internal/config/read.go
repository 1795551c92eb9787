package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Read fills the struct that target points to from variables of the environment, by the tags env,
// envDefault, allowed and secret of its fields. Variables that are empty count as unset. The error has a
// line per bad variable, with its value (unless it is secret) and what is allowed.
func Read(target any, vars map[string]string) error {
	_, errs, err := read(target, set(vars))
	if err != nil {
		return err
	}
	return errors.Join(errs...)
}

// set are the variables that are not empty.
func set(vars map[string]string) map[string]string {
	given := map[string]string{}
	for name, value := range vars {
		if strings.TrimSpace(value) != "" {
			given[name] = value
		}
	}
	return given
}

// read is Read, with the names of the variables that are bad.
func read(target any, given map[string]string) (bad map[string]bool, errs []error, err error) {
	bad = map[string]bool{}
	err = env.ParseWithOptions(target, env.Options{Environment: given})
	var all env.AggregateError
	if err != nil && !errors.As(err, &all) {
		return nil, nil, err
	}
	for _, e := range all.Errors {
		var parse env.ParseError
		if !errors.As(e, &parse) {
			errs = append(errs, e)
			continue
		}
		f, _ := reflect.TypeOf(target).Elem().FieldByName(parse.Name)
		name := f.Tag.Get("env")
		bad[name] = true
		errs = append(errs, badValue(f, given[name], parse.Err))
	}
	return bad, errs, nil
}

// badValue is the line for a value that the variable of field f cannot have.
func badValue(f reflect.StructField, value string, why error) error {
	if f.Tag.Get("secret") != "" {
		value = mask
	}
	line := fmt.Sprintf("%s=%q", f.Tag.Get("env"), hidePassword(value))
	if why != nil && why.Error() != "" {
		line += ": " + why.Error()
	}
	return fmt.Errorf("%s; allowed: %s", line, f.Tag.Get("allowed"))
}
