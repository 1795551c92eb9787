// Package jsontext finds in JSON, and in GraphQL documents, what encoding/json and others silently replace
// by U+FFFD: bytes that are not UTF-8, and halves of surrogate pairs. Text that came damaged is refused
// instead of stored.
package jsontext

import (
	"fmt"
	"unicode/utf8"
)

// Check says what of a text would be replaced when it is read, and where: "" nothing.
func Check(text []byte) string {
	for i := 0; i < len(text); {
		if text[i] == '\\' {
			n, half := escape(text[i:])
			if half != "" {
				return fmt.Sprintf("%s is one half of a character without the other (byte %d)", half, i+1)
			}
			i += n
			continue
		}
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n == 1 {
			return fmt.Sprintf("the text is not UTF-8 (0x%02X at byte %d)", text[i], i+1)
		}
		i += n
	}
	return ""
}

// escape reads the escape sequence at the start of s: how long it is, and its text if it is half of a
// surrogate pair.
func escape(s []byte) (n int, half string) {
	high, ok := unit(s)
	switch {
	case !ok:
		return min(2, len(s)), ""
	case high < 0xD800 || high > 0xDFFF:
		return 6, ""
	}
	if low, ok := unit(s[6:]); ok && high < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF {
		return 12, ""
	}
	return 6, string(s[:6])
}

// unit reads \uXXXX.
func unit(s []byte) (u int, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, c := range s[2:6] {
		switch {
		case '0' <= c && c <= '9':
			u = u<<4 | int(c-'0')
		case 'a' <= c && c <= 'f':
			u = u<<4 | int(c-'a'+10)
		case 'A' <= c && c <= 'F':
			u = u<<4 | int(c-'A'+10)
		default:
			return 0, false
		}
	}
	return u, true
}
