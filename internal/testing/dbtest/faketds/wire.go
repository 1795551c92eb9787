package faketds

import (
	"bufio"
	"encoding/binary"
	"io"
	"unicode/utf16"
)

// Types of packets, MS-TDS 2.2.3.1.1.
const (
	packetBatch       = 1
	packetRPC         = 3
	packetAnswer      = 4
	packetAttention   = 6
	packetTransaction = 14
	packetLogin       = 16
	packetPrelogin    = 18
)

const (
	packetSize   = 4096 // what the driver asks for unless told otherwise
	headerSize   = 8
	endOfMessage = 1
)

// message is what one or several packets carry.
type message struct {
	kind byte
	body []byte
}

func readMessage(r *bufio.Reader) (m message, err error) {
	for {
		var h [headerSize]byte
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return m, err
		}
		size := int(binary.BigEndian.Uint16(h[2:]))
		if size < headerSize {
			return m, io.ErrUnexpectedEOF
		}
		part := make([]byte, size-headerSize)
		if _, err := io.ReadFull(r, part); err != nil {
			return m, err
		}
		m.kind, m.body = h[0], append(m.body, part...)
		if h[1]&endOfMessage != 0 {
			return m, nil
		}
	}
}

func writeMessage(w *bufio.Writer, body []byte) error {
	for number := byte(1); ; number++ {
		n := min(len(body), packetSize-headerSize)
		status := byte(0)
		if n == len(body) {
			status = endOfMessage
		}
		writePacket(w, status, number, body[:n])
		if body = body[n:]; status == endOfMessage {
			return w.Flush()
		}
	}
}

// writeTorn writes a message that does not end.
func writeTorn(w *bufio.Writer, body []byte) error {
	writePacket(w, 0, 1, body[:min(len(body), packetSize-headerSize)])
	return w.Flush()
}

func writePacket(w *bufio.Writer, status, number byte, body []byte) {
	h := [headerSize]byte{packetAnswer, status, 0, 0, 0, 0, number, 0}
	binary.BigEndian.PutUint16(h[2:], uint16(len(body)+headerSize))
	_, _ = w.Write(h[:]) // Flush gives the error
	_, _ = w.Write(body)
}

// ucs2 encodes text as UTF-16, little endian.
func ucs2(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func fromUCS2(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}

func appendShortText(b []byte, s string) []byte { // B_VARCHAR
	t := ucs2(s)
	return append(append(b, byte(len(t)/2)), t...)
}

func appendText(b []byte, s string) []byte { // US_VARCHAR
	t := ucs2(s)
	return append(binary.LittleEndian.AppendUint16(b, uint16(len(t)/2)), t...)
}
