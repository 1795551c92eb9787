package db

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/shopspring/decimal"
)

// PostgreSQL's rows go from the wire into the fields of structs: database/sql would make a value of each column first,
// and another of it for the field, which took twice as long. It gives the same values (TestRowsOfPostgreSQLAreReadAlike).
// What is not in [decoderOf] is read by database/sql.

// Read is one of the reads of [Together].
type Read struct {
	Dest any    // pointer to a slice of structs
	Src  string // portable SQL
	Args []any
}

// Together does what Select does for each of the reads, which do not depend on each other. PostgreSQL gets them
// in one message, outside transactions.
func Together(ctx context.Context, q Query, reads ...Read) error {
	if d, ok := q.(*DB); ok && d.straight() && len(reads) > 1 {
		return d.together(ctx, reads)
	}
	for _, r := range reads {
		if err := q.Select(ctx, r.Dest, r.Src, r.Args...); err != nil {
			return err
		}
	}
	return nil
}

func (d *DB) together(ctx context.Context, reads []Read) error {
	var batch pgx.Batch
	for _, r := range reads {
		text, conv, err := d.prepare(ctx, r.Src, r.Args)
		if err != nil {
			return err
		}
		batch.Queue(text, conv...)
	}
	began, src := time.Now(), reads[0].Src
	err := d.reading(ctx, nil, func(q queryer) error {
		pool, ok := q.(*sqlx.DB)
		if !ok {
			return errOtherwise
		}
		return onConn(ctx, pool, func(c *pgx.Conn) error {
			results := c.SendBatch(ctx, &batch)
			defer results.Close()
			for i, r := range reads {
				src = r.Src
				rows, err := results.Query()
				if err != nil {
					return err
				}
				if err := scanBinary(rows, batch.QueuedQueries[i].SQL, r.Dest); err != nil {
					return err
				}
				timed(ctx, r.Src, began)
				began = time.Now()
			}
			return results.Close()
		})
	})
	if !otherwise(err) {
		return Describe(err, src)
	}
	for i, r := range reads {
		one := batch.QueuedQueries[i]
		if err := d.reading(ctx, r.Dest, func(q queryer) error { return selectAll(ctx, q, r.Dest, one.SQL, one.Arguments) }); err != nil {
			return Describe(err, r.Src)
		}
		timed(ctx, r.Src, began)
		began = time.Now()
	}
	return nil
}

// straight says whether rows can be read from the wire. Behind a pooler they come as texts.
func (d *DB) straight() bool { return d.dialect == Postgres && !d.pooler.between }

// selectStraight is selectAll where rows can be read from the wire.
func (d *DB) selectStraight(ctx context.Context, q queryer, dest any, text string, args []any) error {
	if pool, ok := q.(*sqlx.DB); ok && d.straight() && isStructs(dest) && !knownOtherwise(dest, text) {
		err := onConn(ctx, pool, func(c *pgx.Conn) error {
			rows, err := c.Query(ctx, text, args...)
			if err != nil {
				return err
			}
			return scanBinary(rows, text, dest)
		})
		if !otherwise(err) {
			return err
		}
	}
	return selectAll(ctx, q, dest, text, args)
}

// isStructs says whether dest is a slice of structs as scanBinary fills it.
func isStructs(dest any) bool {
	t := reflect.TypeOf(dest)
	return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Slice && t.Elem().Elem().Kind() == reflect.Struct && structType(t) != nil
}

// onConn runs fn on a connection of a pool.
func onConn(ctx context.Context, pool *sqlx.DB, fn func(c *pgx.Conn) error) error {
	conn, err := pool.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(c any) error {
		s, ok := c.(*stdlib.Conn)
		if !ok {
			return errOtherwise
		}
		return fn(s.Conn())
	})
}

// errOtherwise says that database/sql is to read the rows.
var errOtherwise = errors.New("these rows are not read from the wire")

// otherwise says whether database/sql may still read the rows: it knows more types, and begins again on another
// connection where this one was lost before anything was sent.
func otherwise(err error) bool {
	return err != nil && (errors.Is(err, errOtherwise) || beyond(err) > 0 || pgconn.SafeToRetry(err) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded))
}

// layout is where the columns of a statement go.
type layout struct {
	oids  []uint32
	paths [][]int
	reads []decoder // nil: database/sql reads the rows
	why   string    // of nil: the field and the type that it does not take
}

type layoutKey struct {
	struc reflect.Type
	text  string
}

// layouts are those in use. Clients choose columns: it is bounded by being begun again.
var layouts struct {
	sync.RWMutex
	known map[layoutKey]*layout
}

const mostLayouts = 10_000

// layoutOf finds or makes the layout of a statement's rows.
func layoutOf(struc reflect.Type, text string, fields []pgconn.FieldDescription) (*layout, error) {
	key := layoutKey{struc, text}
	layouts.RLock()
	l := layouts.known[key]
	layouts.RUnlock()
	if l != nil && l.fits(fields) {
		return l, nil
	}
	l = &layout{oids: make([]uint32, len(fields)), reads: make([]decoder, len(fields))}
	tags := tagsOf(struc)
	labels := make([]string, len(fields))
	for i, f := range fields {
		l.oids[i] = f.DataTypeOID
		labels[i] = tags.label(f.Name)
	}
	l.paths = mapper.TraversalsByName(struc, labels)
	for i, path := range l.paths {
		if len(path) == 0 {
			return nil, &missingField{labels[i], struc}
		}
		if l.reads[i] = decoderOf(fields[i], fieldAt(struc, path)); l.reads[i] == nil {
			l.reads, l.why = nil, fmt.Sprintf("%s: column %s has the type %d, which %v is not read from", struc, labels[i], fields[i].DataTypeOID, fieldAt(struc, path))
			break
		}
	}
	layouts.Lock()
	defer layouts.Unlock()
	if layouts.known == nil || len(layouts.known) >= mostLayouts {
		layouts.known = map[layoutKey]*layout{}
	}
	layouts.known[key] = l
	return l, nil
}

// knownOtherwise says whether database/sql had to read the rows of a statement before: they need not be asked for twice.
func knownOtherwise(dest any, text string) bool {
	layouts.RLock()
	defer layouts.RUnlock()
	l := layouts.known[layoutKey{reflect.TypeOf(dest).Elem().Elem(), text}]
	return l != nil && l.reads == nil
}

// Roundabout tells tests which structs have been read by database/sql on PostgreSQL, which takes twice as long, and
// because of which column.
func Roundabout() []string {
	layouts.RLock()
	defer layouts.RUnlock()
	found := map[string]bool{}
	for _, l := range layouts.known {
		if l.reads == nil {
			found[l.why] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// fieldAt is the type of a field of nested structs; nil where a pointer is on the way.
func fieldAt(struc reflect.Type, path []int) reflect.Type {
	for _, step := range path {
		if struc.Kind() != reflect.Struct {
			return nil
		}
		struc = struc.Field(step).Type
	}
	return struc
}

func (l *layout) fits(fields []pgconn.FieldDescription) bool {
	if len(fields) != len(l.oids) {
		return false
	}
	for i := range fields {
		if fields[i].DataTypeOID != l.oids[i] {
			return false
		}
	}
	return true
}

// scanBinary fills a slice of structs and closes rows.
func scanBinary(rows pgx.Rows, text string, dest any) error {
	defer rows.Close()
	list := reflect.ValueOf(dest).Elem()
	list.SetLen(0)
	var l *layout
	for rows.Next() {
		if l == nil {
			var err error
			if l, err = layoutOf(list.Type().Elem(), text, rows.FieldDescriptions()); err != nil {
				return err
			}
			if l.reads == nil {
				return errOtherwise
			}
		}
		v := nextOf(list)
		for i, raw := range rows.RawValues() {
			to := v
			for _, step := range l.paths[i] {
				to = to.Field(step)
			}
			if err := l.reads[i](raw, to.Addr().Interface()); err != nil {
				return fmt.Errorf("column %s: %w", rows.FieldDescriptions()[i].Name, err)
			}
		}
	}
	rows.Close()
	return rows.Err()
}

// decoder puts what came for a column (nil for NULL) into the field that to points at.
type decoder func(raw []byte, to any) error

// decoderOf is nil where there is none.
func decoderOf(f pgconn.FieldDescription, t reflect.Type) decoder {
	text := f.DataTypeOID == pgtype.TextOID || f.DataTypeOID == pgtype.VarcharOID || f.DataTypeOID == pgtype.BPCharOID
	if t == nil || !text && f.Format != pgtype.BinaryFormatCode {
		return nil
	}
	switch f.DataTypeOID {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		switch {
		case t == reflect.TypeFor[int]() || t == reflect.TypeFor[*int]():
			return decode(readInt)
		case t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64:
			return decodeOtherInt
		}
	case pgtype.BoolOID:
		if t == reflect.TypeFor[bool]() || t == reflect.TypeFor[*bool]() {
			return decode(readBool)
		}
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID:
		switch t {
		case reflect.TypeFor[string](), reflect.TypeFor[*string]():
			return decode(readText)
		case reflect.TypeFor[UUID]():
			return decodeUUID
		}
		if t.Kind() == reflect.String && !reflect.PointerTo(t).Implements(reflect.TypeFor[sql.Scanner]()) {
			return decodeOtherText
		}
	case pgtype.UUIDOID:
		if t == reflect.TypeFor[UUID]() {
			return decodeUUID
		}
	case pgtype.TimestamptzOID:
		if t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[*time.Time]() {
			return decode(readMoment)
		}
	case pgtype.DateOID:
		if t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[*time.Time]() {
			return decode(readDay)
		}
	case pgtype.NumericOID:
		if t == reflect.TypeFor[decimal.Decimal]() || t == reflect.TypeFor[*decimal.Decimal]() {
			return decode(readNumeric)
		}
		if t == reflect.TypeFor[decimal.NullDecimal]() {
			return decodeNullNumeric
		}
	}
	return nil
}

// errNull says that there is no value for a field that needs one, as database/sql does.
var errNull = errors.New("NULL for a field that takes none")

// decode reads values into fields and pointers to them.
func decode[T any](read func(raw []byte) (T, error)) decoder {
	return func(raw []byte, to any) error {
		switch to := to.(type) {
		case *T:
			if raw == nil {
				return errNull
			}
			v, err := read(raw)
			*to = v
			return err
		case **T:
			if raw == nil {
				*to = nil
				return nil
			}
			v, err := read(raw)
			*to = &v
			return err
		}
		return errOtherwise
	}
}

// decodeOtherInt reads into whole numbers of other types and sizes.
func decodeOtherInt(raw []byte, to any) error {
	if raw == nil {
		return errNull
	}
	n, err := readInt(raw)
	if err != nil {
		return err
	}
	switch v := reflect.ValueOf(to).Elem(); {
	case v.CanInt() && !v.OverflowInt(int64(n)):
		v.SetInt(int64(n))
	case v.CanUint() && n >= 0 && !v.OverflowUint(uint64(n)):
		v.SetUint(uint64(n))
	default:
		return errOtherwise // which says what is wrong
	}
	return nil
}

// decodeNullNumeric reads into a decimal that says itself whether it is there.
func decodeNullNumeric(raw []byte, to any) error {
	var err error
	n := to.(*decimal.NullDecimal)
	if n.Decimal, n.Valid = (decimal.Decimal{}), raw != nil; n.Valid {
		n.Decimal, err = readNumeric(raw)
	}
	return err
}

// decodeOtherText reads into texts of other types.
func decodeOtherText(raw []byte, to any) error {
	if raw == nil {
		return errNull
	}
	reflect.ValueOf(to).Elem().SetString(string(raw))
	return nil
}

func decodeUUID(raw []byte, to any) error {
	u, ok := to.(*UUID)
	switch {
	case !ok:
		return errOtherwise
	case raw == nil:
		*u = ""
	case len(raw) == 16:
		*u = UUID(uuid.UUID(raw).String())
	default:
		if text := string(raw); isSpelled(raw) {
			*u = UUID(text)
		} else {
			*u = spelled(text)
		}
	}
	return nil
}

// isSpelled says whether a text is a GUID as we write them, which is what is nearly always there.
func isSpelled(raw []byte) bool {
	if len(raw) != 36 {
		return false
	}
	for i, c := range raw {
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}

func readInt(raw []byte) (int, error) {
	switch len(raw) {
	case 2:
		return int(int16(binary.BigEndian.Uint16(raw))), nil
	case 4:
		return int(int32(binary.BigEndian.Uint32(raw))), nil
	case 8:
		return int(int64(binary.BigEndian.Uint64(raw))), nil
	}
	return 0, damaged(raw)
}

func readBool(raw []byte) (bool, error) {
	if len(raw) != 1 {
		return false, damaged(raw)
	}
	return raw[0] == 1, nil
}

func readText(raw []byte) (string, error) { return string(raw), nil }

func damaged(raw []byte) error { return fmt.Errorf("%d bytes are no value of its type", len(raw)) }

// PostgreSQL counts from the year 2000.
var (
	epoch    = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	epochSec = epoch.Unix()
)

// readMoment leaves infinity to database/sql, which says what is wrong with it.
func readMoment(raw []byte) (time.Time, error) {
	if len(raw) != 8 {
		return time.Time{}, damaged(raw)
	}
	us := int64(binary.BigEndian.Uint64(raw))
	if us == math.MaxInt64 || us == math.MinInt64 {
		return time.Time{}, errOtherwise
	}
	return time.Unix(epochSec+us/1e6, us%1e6*1e3), nil
}

func readDay(raw []byte) (time.Time, error) {
	if len(raw) != 4 {
		return time.Time{}, damaged(raw)
	}
	days := int32(binary.BigEndian.Uint32(raw))
	if days == math.MaxInt32 || days == math.MinInt32 {
		return time.Time{}, errOtherwise
	}
	return time.Unix(epochSec+int64(days)*86400, 0).UTC(), nil
}

// readNumeric reads digits to the base of 10,000 with as many places as the column shows.
func readNumeric(raw []byte) (decimal.Decimal, error) {
	if len(raw) < 8 {
		return decimal.Decimal{}, damaged(raw)
	}
	word := func(i int) int { return int(int16(binary.BigEndian.Uint16(raw[2*i:]))) }
	digits, weight, sign, places := word(0), word(1), binary.BigEndian.Uint16(raw[4:]), word(3)
	if len(raw) != 8+2*digits || sign != 0 && sign != 0x4000 {
		return decimal.Decimal{}, errOtherwise // NaN, infinity
	}
	if digits > 4 || weight > 3 || weight < -1 || places > 6 || 4*weight+4+places > 18 { // more than an int64 holds
		return decimal.Decimal{}, errOtherwise
	}
	var n int64
	for i := range digits {
		n = n*10_000 + int64(word(4+i))
	}
	for at := 4 * (weight - digits + 1); at != -places; { // n × 10^at
		if at > -places {
			n, at = n*10, at-1
		} else {
			n, at = n/10, at+1
		}
	}
	if sign != 0 {
		n = -n
	}
	return decimal.New(n, int32(-places)), nil
}
