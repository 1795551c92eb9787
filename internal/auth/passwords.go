package auth

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// lockedPassword marks a tblUsers row whose owner has set no password yet.
const lockedPassword = "locked"

// CheckLegacy says whether password is that of a tblUsers row (rules.md §1.2): StoredPassword is the
// hexadecimal SHA-256 of password followed by PrivateKey. Newer Python backends strip trailing blanks
// before they hash, the legacy application does not, so both readings count. The time taken does not
// depend on where a wrong hash differs.
func CheckLegacy(password string, stored, privateKey *string) bool {
	if stored == nil || privateKey == nil {
		return false
	}
	want := strings.ToUpper(strings.TrimSpace(*stored))
	exact := legacyHash(password, *privateKey)
	stripped := legacyHash(strings.TrimRight(password, " "), *privateKey)
	match := subtle.ConstantTimeCompare([]byte(want), []byte(exact)) | subtle.ConstantTimeCompare([]byte(want), []byte(stripped))
	return match == 1
}

// HashLegacy makes the StoredPassword and a new PrivateKey (256 random hex digits, as newer Python
// backends make them) for a tblUsers row.
func HashLegacy(password string) (stored, privateKey string) {
	key := make([]byte, 128)
	_, _ = rand.Read(key) // crypto/rand never fails: it stops the program instead
	privateKey = hex.EncodeToString(key)
	return legacyHash(strings.TrimRight(password, " "), privateKey), privateKey
}

func legacyHash(password, privateKey string) string {
	sum := sha256.Sum256([]byte(password + privateKey))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// hashing lets only some of the processors compute slow hashes at a time, and waiting lets only so
// many logins queue for them, so that a flood of logins does not starve the rest of the program.
var (
	hashing = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))
	waiting = make(chan struct{}, 64)
)

// slowly runs fn when a processor is free for hashing.
func slowly(ctx context.Context, fn func()) error {
	busy := fault.New(fault.Unavailable, "Too many people are signing in just now; try again in a moment.")
	select {
	case waiting <- struct{}{}:
		defer func() { <-waiting }()
	default:
		return busy
	}
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), busy.Code, "%s", busy.Message)
	}
	fn()
	return nil
}

// djangoIterations is what new hashes get: Django's own figure of 2024.
const djangoIterations = 870_000

// HashDjango makes the password column of a core_TechnicalUser row.
func HashDjango(ctx context.Context, password string) (string, error) {
	salt := base62(22)
	var key []byte
	var err error
	if wait := slowly(ctx, func() { key, err = pbkdf2.Key(sha256.New, password, []byte(salt), djangoIterations, sha256.Size) }); wait != nil {
		return "", wait
	}
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return fmt.Sprintf("pbkdf2_sha256$%d$%s$%s", djangoIterations, salt, base64.StdEncoding.EncodeToString(key)), nil
}

func base62(n int) string {
	const digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	out := make([]byte, 0, n)
	for len(out) < n {
		var b [32]byte
		_, _ = rand.Read(b[:])
		for _, x := range b {
			if x < 62*4 && len(out) < n { // the rest would favour the first digits
				out = append(out, digits[x%62])
			}
		}
	}
	return string(out)
}

// CheckDjango says whether password is that of an encoded Django hash. An encoding that is not known,
// or that would cost unreasonably much, matches nothing. The error is about the machine (too busy,
// cancelled), never about the password.
func CheckDjango(ctx context.Context, password, encoded string) (bool, error) {
	check, ok := parseDjango(encoded)
	if !ok {
		return false, nil
	}
	var match bool
	err := slowly(ctx, func() { match = check(password) })
	return match && err == nil, err
}

// Limits of what a stored hash may ask the machine to do.
const (
	maxIterations   = 10_000_000
	maxBcryptCost   = 15
	maxArgonMemory  = 1 << 20 // KiB
	maxArgonPasses  = 64
	maxDigestLength = 512
)

// djangoFormats are Django's password hashers by the name before the first "$".
var djangoFormats = map[string]func(rest string) (func(password string) bool, bool){
	"pbkdf2_sha256": func(rest string) (func(string) bool, bool) { return parsePBKDF2(sha256.New, rest) },
	"pbkdf2_sha1":   func(rest string) (func(string) bool, bool) { return parsePBKDF2(sha1.New, rest) },
	"bcrypt_sha256": parseBcrypt,
	"argon2":        parseArgon2,
}

func parseDjango(encoded string) (check func(password string) bool, ok bool) {
	name, rest, _ := strings.Cut(encoded, "$")
	parse, known := djangoFormats[name]
	if !known {
		return nil, false
	}
	return parse(rest)
}

// parsePBKDF2 reads iterations$salt$base64.
func parsePBKDF2(h func() hash.Hash, rest string) (func(string) bool, bool) {
	parts := strings.Split(rest, "$")
	if len(parts) != 3 || parts[1] == "" {
		return nil, false
	}
	iterations, err := strconv.Atoi(parts[0])
	if err != nil || iterations < 1 || iterations > maxIterations {
		return nil, false
	}
	want, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(want) != h().Size() {
		return nil, false
	}
	return func(password string) bool {
		got, err := pbkdf2.Key(h, password, []byte(parts[1]), iterations, len(want))
		return err == nil && subtle.ConstantTimeCompare(got, want) == 1
	}, true
}

// parseBcrypt reads $2b$12$…; Django hashes the hexadecimal SHA-256 of the password, which gets round
// bcrypt's 72 bytes.
func parseBcrypt(rest string) (func(string) bool, bool) {
	cost, err := bcrypt.Cost([]byte(rest))
	if err != nil || cost > maxBcryptCost {
		return nil, false
	}
	return func(password string) bool {
		sum := sha256.Sum256([]byte(password))
		return bcrypt.CompareHashAndPassword([]byte(rest), []byte(hex.EncodeToString(sum[:]))) == nil
	}, true
}

// parseArgon2 reads argon2id$v=19$m=102400,t=2,p=8$salt$hash.
func parseArgon2(rest string) (func(string) bool, bool) {
	parts := strings.Split(rest, "$")
	if len(parts) != 5 || parts[1] != "v=19" {
		return nil, false
	}
	derive := map[string]func([]byte, []byte, uint32, uint32, uint8, uint32) []byte{"argon2id": argon2.IDKey, "argon2i": argon2.Key}[parts[0]]
	var memory, passes uint32
	var threads uint8
	if n, err := fmt.Sscanf(parts[2], "m=%d,t=%d,p=%d", &memory, &passes, &threads); derive == nil || err != nil || n != 3 {
		return nil, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[3])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[4])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(want) < 16 || len(want) > maxDigestLength ||
		memory == 0 || memory > maxArgonMemory || passes == 0 || passes > maxArgonPasses || threads == 0 {
		return nil, false
	}
	return func(password string) bool {
		got := derive([]byte(password), salt, passes, memory, threads, uint32(len(want)))
		return subtle.ConstantTimeCompare(got, want) == 1
	}, true
}
