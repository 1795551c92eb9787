package faketds

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// Kind says what a request asks for.
type Kind string

// The kinds of requests.
const (
	Login     Kind = "login"
	Statement Kind = "statement" // a batch, or sp_executesql when it has parameters
	Begin     Kind = "begin"
	Commit    Kind = "commit"
	Rollback  Kind = "rollback"
)

// Request is what a client asks.
type Request struct {
	Conn     int // number of the connection, from 1
	Kind     Kind
	SQL      string
	Params   []Param
	User     string // of a Login
	ReadOnly bool   // of a Login: ApplicationIntent=ReadOnly
}

// Param is a parameter as it was declared and sent.
type Param struct {
	Name  string
	Type  string // as declared: "int", "nvarchar(3)"
	Value any    // nil for NULL; int64, bool, string, time.Time, or the bytes of another type
	Typed bool   // false: a NULL of no type
}

func (p Param) String() string { return fmt.Sprintf("%s %s = %v", p.Name, p.Type, p.Value) }

// Param finds a parameter by its declaration's number, from 1.
func (r Request) Param(n int) Param {
	if n > len(r.Params) {
		return Param{}
	}
	return r.Params[n-1]
}

// Requests of the transaction manager, MS-TDS 2.2.6.9.
var transactionKinds = map[uint16]Kind{5: Begin, 7: Commit, 8: Rollback}

const spExecuteSQL = 10

// decode reads a request; it gives an error for what a fake has no use for.
func decode(m message) (r Request, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("request of type %d cannot be read: %v", m.kind, p)
		}
	}()
	if m.kind == packetLogin {
		return decodeLogin(m.body), nil
	}
	in := &input{m.body[binary.LittleEndian.Uint32(m.body):]} // after the headers
	switch m.kind {
	case packetBatch:
		return Request{Kind: Statement, SQL: fromUCS2(in.rest)}, nil
	case packetTransaction:
		n := in.uint16()
		if kind, ok := transactionKinds[n]; ok {
			return Request{Kind: kind}, nil
		}
		return r, fmt.Errorf("transaction request %d is not known", n)
	case packetRPC:
		if in.uint16() != 0xFFFF || in.uint16() != spExecuteSQL {
			return r, fmt.Errorf("only sp_executesql may be called")
		}
		in.uint16() // flags
		r.Kind = Statement
		r.SQL = in.param().Value.(string)
		declared := types(in.param().Value.(string))
		for len(in.rest) > 0 {
			p := in.param()
			p.Type = declared[p.Name]
			r.Params = append(r.Params, p)
		}
		return r, nil
	}
	return r, fmt.Errorf("packet type %d is not known", m.kind)
}

// types splits "@p1 int,@p2 decimal(18,2)" into names and types.
func types(declaration string) map[string]string {
	found := map[string]string{}
	for _, d := range strings.Split(declaration, ",@") {
		name, kind, _ := strings.Cut(strings.TrimPrefix(d, "@"), " ")
		found["@"+name] = kind
	}
	return found
}

func decodeLogin(b []byte) Request {
	text := func(at int) string {
		from, chars := int(binary.LittleEndian.Uint16(b[at:])), int(binary.LittleEndian.Uint16(b[at+2:]))
		return fromUCS2(b[from : from+2*chars])
	}
	const typeFlags, userName, readOnlyIntent = 26, 40, 0x20
	return Request{Kind: Login, User: text(userName), ReadOnly: b[typeFlags]&readOnlyIntent != 0}
}

// input is what is left of a request.
type input struct{ rest []byte }

func (in *input) bytes(n int) []byte {
	b := in.rest[:n]
	in.rest = in.rest[n:]
	return b
}
func (in *input) byte() byte     { return in.bytes(1)[0] }
func (in *input) uint16() uint16 { return binary.LittleEndian.Uint16(in.bytes(2)) }

// Types of parameters, MS-TDS 2.2.5.4.
const (
	typeNull           = 0x1F
	typeGUID           = 0x24
	typeInt            = 0x26
	typeDate           = 0x28
	typeTime           = 0x29
	typeDateTime2      = 0x2A
	typeDateTimeOffset = 0x2B
	typeBit            = 0x68
	typeDecimal        = 0x6A
	typeNumeric        = 0x6C
	typeFloat          = 0x6D
	typeDateTime       = 0x6F
	typeVarBinary      = 0xA5
	typeVarChar        = 0xA7
	typeNVarChar       = 0xE7
)

// param reads one parameter: name, status, type, value.
func (in *input) param() Param {
	p := Param{Name: fromUCS2(in.bytes(2 * int(in.byte()))), Typed: true}
	in.byte() // status
	kind := in.byte()
	var b []byte
	switch kind {
	case typeNull:
		p.Typed = false
		return p
	case typeDate:
		b = in.short()
	case typeTime, typeDateTime2, typeDateTimeOffset:
		in.byte() // scale
		b = in.short()
	case typeDecimal, typeNumeric:
		in.bytes(3)
		b = in.short()
	case typeInt, typeBit, typeFloat, typeDateTime, typeGUID:
		in.byte() // size
		b = in.short()
	case typeVarBinary, typeVarChar, typeNVarChar:
		size := in.uint16()
		if kind != typeVarBinary {
			in.bytes(5) // collation
		}
		b = in.long(size == 0xFFFF)
	default:
		panic(fmt.Sprintf("parameter %s has the type %#x", p.Name, kind))
	}
	if b != nil {
		p.Value = value(kind, b)
	}
	return p
}

// short reads a value with a length of one byte, of which 0 means NULL.
func (in *input) short() []byte {
	if n := int(in.byte()); n > 0 {
		return in.bytes(n)
	}
	return nil
}

// long reads a text or binary, in parts when its type has no limit.
func (in *input) long(parts bool) []byte {
	if !parts {
		if n := in.uint16(); n != 0xFFFF {
			return in.bytes(int(n))
		}
		return nil
	}
	const null = 0xFFFFFFFFFFFFFFFF
	if binary.LittleEndian.Uint64(in.bytes(8)) == null {
		return nil
	}
	all := []byte{}
	for {
		n := int(binary.LittleEndian.Uint32(in.bytes(4)))
		if n == 0 {
			return all
		}
		all = append(all, in.bytes(n)...)
	}
}

func value(kind byte, b []byte) any {
	switch kind {
	case typeInt:
		var wide [8]byte
		copy(wide[:], b)
		n := int64(binary.LittleEndian.Uint64(wide[:]))
		shift := 64 - 8*len(b)
		return n << shift >> shift
	case typeBit:
		return b[0] != 0
	case typeNVarChar:
		return fromUCS2(b)
	case typeVarChar:
		return string(b)
	case typeDate:
		days := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		return time.Date(1, 1, 1+days, 0, 0, 0, 0, time.UTC)
	case typeDateTime:
		days, ticks := int32(binary.LittleEndian.Uint32(b)), int64(binary.LittleEndian.Uint32(b[4:]))
		return time.Date(1900, 1, 1+int(days), 0, 0, 0, 0, time.UTC).Add(time.Duration((ticks*10+1)/3) * time.Millisecond)
	}
	return b
}
