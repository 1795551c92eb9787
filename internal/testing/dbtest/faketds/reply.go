package faketds

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// When says at which moment the server closes the connection.
type When int

// The moments. After BeforeAnswer a client cannot know whether its request was executed.
const (
	Never When = iota
	BeforeAnswer
	AmidAnswer
	AfterAnswer
)

// Reply is an answer.
type Reply struct {
	Columns  []string // "ItemID int"; types: int, bit, nvarchar, datetime
	Rows     [][]any  // int, bool, string, time.Time or nil
	Affected int      // rows touched, when there are no columns
	Number   int32    // the error; 0: none
	Class    byte     // its severity, 20 and more end the connection; default 14
	Message  string   // its text
	Wait     time.Duration
	HangUp   When
}

// Fail is the reply with an error.
func Fail(number int32, format string, args ...any) *Reply {
	return &Reply{Number: number, Message: fmt.Sprintf(format, args...)}
}

// Deadlock is what the victim of a deadlock gets, whose transaction is rolled back.
func Deadlock() *Reply {
	r := Fail(deadlock, "Transaction (Process ID 52) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.")
	r.Class = 13
	return r
}

const deadlock = 1205

// standard answers what a test leaves open.
func standard(r Request) *Reply {
	switch {
	case r.Kind != Statement:
		return &Reply{}
	case strings.Contains(r.SQL, "@@VERSION"):
		return &Reply{Columns: []string{"version nvarchar"}, Rows: [][]any{{"Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64)"}}}
	case strings.Contains(r.SQL, "GETUTCDATE()"):
		return &Reply{Columns: []string{"offset int"}, Rows: [][]any{{0}}}
	case strings.Contains(r.SQL, "INFORMATION_SCHEMA.COLUMNS"):
		reply := &Reply{Columns: []string{"TABLE_NAME nvarchar", "COLUMN_NAME nvarchar", "DATA_TYPE nvarchar", "length int", "precision int", "scale int", "readable int", "place int"}}
		for _, t := range schema.Tables() {
			for _, c := range t.Columns {
				kind := c.TypeOn(schema.SQLServer, schema.V140)
				size := c.Size
				if c.Type == schema.GUID && t.Own { // as the Python backend of 2019 made them
					kind, size = "char", 32
				}
				kind, _, _ = strings.Cut(kind, "(")
				reply.Rows = append(reply.Rows, []any{t.Name, c.Name, kind, size, c.Precision, c.Scale, 1, 1})
			}
		}
		return reply
	}
	return &Reply{Affected: 1}
}

// preloginAnswer offers a version and no encryption.
var preloginAnswer = []byte{
	0, 0, 11, 0, 6, // VERSION at 11, 6 bytes
	1, 0, 17, 0, 1, // ENCRYPTION at 17, 1 byte
	0xFF,
	15, 0, 0, 0, 0, 0,
	2, // not supported
}

// attentionAnswer confirms that a request was cancelled.
var attentionAnswer = done(nil, tokenDone, doneAttention, 0)

// Tokens, MS-TDS 2.2.7.
const (
	tokenColumns     = 0x81
	tokenError       = 0xAA
	tokenLoginAck    = 0xAD
	tokenRow         = 0xD1
	tokenEnvironment = 0xE3
	tokenDone        = 0xFD
)

// Bits of DONE.
const (
	doneError     = 0x02
	doneCount     = 0x10
	doneAttention = 0x20
	doneFatal     = 0x100
)

func done(b []byte, token byte, status uint16, rows int) []byte {
	b = append(b, token)
	b = binary.LittleEndian.AppendUint16(b, status)
	b = binary.LittleEndian.AppendUint16(b, 0xC1) // the command was a SELECT
	return binary.LittleEndian.AppendUint64(b, uint64(rows))
}

// sized appends a token with the length of its content.
func sized(b []byte, token byte, content []byte) []byte {
	b = append(b, token)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(content)))
	return append(b, content...)
}

// encode writes the reply to a request of the kind.
func (r *Reply) encode(kind Kind) []byte {
	if r.Number != 0 {
		return r.encodeError()
	}
	var b []byte
	switch kind {
	case Login:
		ack := appendShortText([]byte{1, 0x74, 0, 0, 4}, "Microsoft SQL Server") // T-SQL, TDS 7.4
		b = sized(nil, tokenLoginAck, append(ack, 15, 0, 7, 208))
	case Begin:
		b = sized(nil, tokenEnvironment, append([]byte{8, 8}, transaction+"\x00"...))
	case Commit:
		b = sized(nil, tokenEnvironment, append([]byte{9, 0, 8}, transaction...))
	case Rollback:
		b = rolledBack(nil)
	}
	if len(r.Columns) == 0 {
		return done(b, tokenDone, doneCount, r.Affected)
	}
	b = append(b, tokenColumns)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(r.Columns)))
	for _, c := range r.Columns {
		name, kind, _ := strings.Cut(c, " ")
		b = append(b, 0, 0, 0, 0, 0x09, 0) // user type; nullable, writable
		b = append(b, columnTypes[kind]...)
		b = appendShortText(b, name)
	}
	for _, row := range r.Rows {
		b = append(b, tokenRow)
		for i, v := range row {
			b = appendValue(b, strings.HasSuffix(r.Columns[i], "nvarchar"), v)
		}
	}
	return done(b, tokenDone, doneCount, len(r.Rows))
}

// transaction is the descriptor of every transaction: connections share nothing.
const transaction = "\x01\x00\x00\x00\x00\x00\x00\x00"

func rolledBack(b []byte) []byte {
	return sized(b, tokenEnvironment, append([]byte{10, 0, 8}, transaction...))
}

func (r *Reply) encodeError() []byte {
	class, status := r.Class, uint16(doneError)
	if class == 0 {
		class = 14
	}
	if class >= 20 {
		status |= doneFatal
	}
	e := binary.LittleEndian.AppendUint32(nil, uint32(r.Number))
	e = append(e, 1, class)
	e = appendText(e, r.Message)
	e = append(e, 0, 0) // names of server and procedure
	e = binary.LittleEndian.AppendUint32(e, 1)
	b := sized(nil, tokenError, e)
	if r.Number == deadlock {
		b = rolledBack(b)
	}
	return done(b, tokenDone, status, 0)
}

// columnTypes are the descriptions of column types.
var columnTypes = map[string][]byte{
	"int":      {typeInt, 4},
	"bit":      {typeBit, 1},
	"datetime": {typeDateTime, 8},
	"nvarchar": {typeNVarChar, 0x40, 0x1F, 9, 4, 0xD0, 0, 0x34}, // 8,000 bytes, Latin1_General_CI_AS
}

func appendValue(b []byte, text bool, v any) []byte {
	switch v := v.(type) {
	case nil:
		if text {
			return append(b, 0xFF, 0xFF)
		}
		return append(b, 0)
	case int:
		return binary.LittleEndian.AppendUint32(append(b, 4), uint32(v))
	case bool:
		if v {
			return append(b, 1, 1)
		}
		return append(b, 1, 0)
	case string:
		t := ucs2(v)
		return append(binary.LittleEndian.AppendUint16(b, uint16(len(t))), t...)
	case time.Time:
		day := v.Truncate(24 * time.Hour)
		days := day.Sub(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour)
		b = binary.LittleEndian.AppendUint32(append(b, 8), uint32(days))
		return binary.LittleEndian.AppendUint32(b, uint32((v.Sub(day)*300+time.Second/2)/time.Second))
	}
	panic(fmt.Sprintf("a cell of type %T", v))
}
