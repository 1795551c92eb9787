package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
)

// FromFiles takes leading "--settings FILE" pairs off the arguments and puts what these files set into the
// environment, where it is not set already, so that a command by hand works on what the services work on. A
// later file wins over an earlier one, as with several EnvironmentFile= of a systemd unit.
func FromFiles(args []string) (rest []string, err error) {
	values := map[string]string{}
	for len(args) > 0 {
		path, ok := strings.CutPrefix(args[0], "--settings=")
		switch {
		case ok:
			args = args[1:]
		case args[0] == "--settings" && len(args) > 1:
			path, args = args[1], args[2:]
		case args[0] == "--settings":
			return nil, errors.New("--settings needs the path of a file with NAME=value lines")
		default:
			return args, export(values)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("--settings: %w", err)
		}
		if err := assignments(path, string(text), values); err != nil {
			return nil, err
		}
	}
	return args, export(values)
}

func export(values map[string]string) error {
	for name, value := range values {
		if _, given := os.LookupEnv(name); given {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// assignments reads the lines of a file as systemd does (EnvironmentFile= in systemd.exec(5), without its
// continued lines). What is wrong is told without the value, which may be a password.
func assignments(path, text string, into map[string]string) error {
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || !variableName.MatchString(name) {
			return fmt.Errorf("%s, line %d: not NAME=value", path, i+1)
		}
		value, ok = unquoted(strings.TrimSpace(value))
		if !ok {
			return fmt.Errorf("%s, line %d: the quotes around the value of %s do not match, or a backslash is at its end", path, i+1, name)
		}
		into[name] = value
	}
	return nil
}

// unquoted takes quotes and backslashes off a value. Where paths have backslashes they stay.
func unquoted(value string) (string, bool) {
	if value == "" {
		return "", true
	}
	if q := value[0]; q == '\'' || q == '"' {
		if len(value) < 2 || value[len(value)-1] != q {
			return "", false
		}
		value = value[1 : len(value)-1]
		if q == '\'' || runtime.GOOS == "windows" {
			return value, !strings.Contains(value, string(q))
		}
		return unescaped(value, "\"\\`$")
	}
	if runtime.GOOS == "windows" {
		return value, true
	}
	return unescaped(value, "")
}

// unescaped takes the backslash from before the characters of set, or from before all when set is empty.
func unescaped(value, set string) (string, bool) {
	var out strings.Builder
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c == '"' && set != "" {
			return "", false
		}
		if c == '\\' {
			if i++; i == len(value) {
				return "", false
			}
			if set != "" && !strings.ContainsRune(set, rune(value[i])) {
				out.WriteByte('\\')
			}
			c = value[i]
		}
		out.WriteByte(c)
	}
	return out.String(), true
}
