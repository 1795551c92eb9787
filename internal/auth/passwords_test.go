package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/openimis/openimis-be-go/internal/fault"
)

func ptr[T any](v T) *T { return &v }

func TestCheckLegacy(t *testing.T) {
	stored, key := HashLegacy("admin123 ")
	if len(key) != 256 || strings.ToUpper(stored) != stored || len(stored) != 64 {
		t.Errorf("HashLegacy made %q with key %q", stored, key)
	}
	known := "DA6DD691EA6B7DC3A11946DB7C69E63FF564B0AD9E91F7F50D892A78ECE9F468" // SHA-256("admin123" + "K")
	for _, c := range []struct {
		name, password string
		stored, key    *string
		want           bool
	}{
		{"right", "admin123", &stored, &key, true},
		{"right with trailing blanks", "admin123  ", &stored, &key, true},
		{"lower-case hash", "admin123", ptr(strings.ToLower(stored)), &key, true},
		{"blank-padded hash", "admin123", ptr(stored + "   "), &key, true},
		{"wrong case", "Admin123", &stored, &key, false},
		{"empty", "", &stored, &key, false},
		{"NULL hash", "admin123", nil, &key, false},
		{"NULL key", "admin123", &stored, nil, false},
		{"locked", lockedPassword, ptr(lockedPassword), &key, false},
		{"locked with empty key", lockedPassword, ptr(lockedPassword), ptr(""), false},
		{"a recorded hash", "admin123", &known, ptr("K"), true},
		{"part of a hash", "admin123", ptr(known[:32]), ptr("K"), false},
		{"empty hash", "", ptr(""), ptr(""), false},
		{"hashed with blanks", "pass ", ptr(legacyHash("pass ", "k")), ptr("k"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := CheckLegacy(c.password, c.stored, c.key); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// The hashes are of "password".
func TestCheckDjango(t *testing.T) {
	made, err := HashDjango(t.Context(), "password")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("password"))
	bcrypted, err := bcrypt.GenerateFromPassword([]byte(hex.EncodeToString(sum[:])), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawStdEncoding.EncodeToString
	argon2ed := "argon2$argon2id$v=19$m=64,t=2,p=2$" + b64([]byte("saltsalt")) + "$" + b64(argon2.IDKey([]byte("password"), []byte("saltsalt"), 2, 64, 2, 32))
	for _, c := range []struct {
		name, encoded string
		want          bool
	}{
		{"made here", made, true},
		{"pbkdf2_sha256 as Django 2 makes it", "pbkdf2_sha256$150000$xb5CAbgtBr0t$+xxtU76Yd1YRdMs83BwVAqoIOry7eMzzTn7+82OR+gI=", true},
		{"pbkdf2_sha256 of one round", "pbkdf2_sha256$1$salt$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs=", true},
		{"another salt", "pbkdf2_sha256$1$tlas$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs=", false},
		{"bcrypt_sha256", "bcrypt_sha256$" + string(bcrypted), true},
		{"argon2id", argon2ed, true},
		{"pbkdf2_sha1, RFC 6070 vector 1", "pbkdf2_sha1$1$salt$DGDID5YfDnHzqbUkr2ASBi/gN6Y=", true},
		{"pbkdf2_sha1, RFC 6070 vector 3", "pbkdf2_sha1$4096$salt$SwB5AbdlSJq+rUnZJvch0GWkKcE=", true},
		{"unusable", "!abc", false},
		{"empty", "", false},
		{"unknown hasher", "md5$salt$abc", false},
		{"no salt", "pbkdf2_sha256$1$$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs=", false},
		{"too many iterations", "pbkdf2_sha256$99999999999$salt$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs=", false},
		{"argon2 of unreasonable size", "argon2$argon2id$v=19$m=4294967295,t=2,p=8$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA", false},
		{"bcrypt of unreasonable cost", "bcrypt_sha256$$2b$31$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := CheckDjango(t.Context(), "password", c.encoded)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Errorf("got %v", got)
			}
			if wrong, _ := CheckDjango(t.Context(), "Password", c.encoded); wrong {
				t.Error("a wrong password matched")
			}
		})
	}
}

func TestHashingIsBounded(t *testing.T) {
	release := make(chan struct{})
	done := make(chan error, cap(waiting))
	for range cap(waiting) {
		go func() { done <- slowly(t.Context(), func() { <-release }) }()
	}
	for len(waiting) < cap(waiting) {
		runtime.Gosched()
	}
	if err := slowly(t.Context(), func() {}); fault.Code(err) != fault.Unavailable {
		t.Errorf("one too many got %v", err)
	}
	close(release)
	for range cap(waiting) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func FuzzDjango(f *testing.F) {
	f.Add("pbkdf2_sha256$1$salt$Eg+2z/z4syxD5yJSVsT4N6hlSMkszDVICAWYfLcL4Xs=")
	f.Add("argon2$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA")
	f.Add("bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234")
	f.Add("argon2$argon2i$v=19$m=1,t=1,p=255$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA")
	f.Fuzz(func(t *testing.T, encoded string) {
		check, ok := parseDjango(encoded)
		if ok && check == nil {
			t.Error("accepted without a check")
		}
	})
}
