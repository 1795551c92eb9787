// Package relay has the two Relay conventions of the 2019 contract: global ids, base64 of
// "TypeName:key", and cursors, base64 of "arrayconnection:offset".
package relay

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
)

// ID makes the global id of a row.
func ID(typeName, key string) string {
	return base64.StdEncoding.EncodeToString([]byte(typeName + ":" + key))
}

// AppendID appends the global id of a row to b.
func AppendID(b []byte, typeName, key string) []byte {
	return base64.StdEncoding.AppendEncode(b, []byte(typeName+":"+key))
}

// Key gives the key in a global id, whatever its type, or id itself when it is not a global id: clients
// send both (the React application asks healthFacilities(id:) with a plain integer at start).
func Key(id string) string {
	if raw, err := base64.StdEncoding.DecodeString(id); err == nil {
		if name, key, ok := strings.Cut(string(raw), ":"); ok && typeName(name) {
			return key
		}
	}
	return id
}

// typeName says whether s can be a GraphQL type name.
func typeName(s string) bool {
	for _, c := range s {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != ""
}

const cursorPrefix = "arrayconnection:"

// AppendCursor appends the cursor of the element at offset (0 is the first) to b.
func AppendCursor(b []byte, offset int) []byte {
	return base64.StdEncoding.AppendEncode(b, strconv.AppendInt([]byte(cursorPrefix), int64(offset), 10))
}

// Offset gives the offset in a cursor; ok is false for anything else, which clients expect to be ignored.
// No list goes on after the offset 2^31-1, so that sums with it do not overflow.
func Offset(cursor string) (offset int, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil || !strings.HasPrefix(string(raw), cursorPrefix) {
		return 0, false
	}
	n, err := strconv.Atoi(string(raw[len(cursorPrefix):]))
	return min(n, math.MaxInt32), err == nil && n >= 0
}
