package rules

import "strings"

// FundingNumber is the number of the pseudo-insurees that stand for money given to a scheme: the legacy application
// enters such a family, with a policy and a premium, for each funded product (rules §3.1, §7). No person has it.
const FundingNumber = "999999999"

// Numbers is what a scheme asks of insuree numbers beside being unique (rules §3.4); the zero value asks nothing.
type Numbers struct {
	Length int // exact number of characters; 0: any
	// Modulo m: the last digit is what remains of the number before it divided by m; with 10 it is the digit of Luhn's
	// formula. 0: no check digit.
	Modulo int
}

// NumberFault says what is wrong with a number. The values are those of the query insureeNumberValidity.
type NumberFault int

// The faults of numbers.
const (
	NumberFine       NumberFault = 0
	NumberTaken      NumberFault = 1 // another current insuree has it
	NumberMissing    NumberFault = 2
	NumberLength     NumberFault = 3
	NumberCheckDigit NumberFault = 4
	NumberNoDigits   NumberFault = 5 // a check digit is asked for, and there are other characters than digits
)

// Check looks at a number by itself. Whether it is taken is for the store to say.
func (n Numbers) Check(number string) NumberFault {
	length := len([]rune(number))
	switch {
	case length == 0:
		return NumberMissing
	case n.Length != 0 && length != n.Length:
		return NumberLength
	case n.Modulo == 0:
		return NumberFine
	case length < 2 || strings.ContainsFunc(number, func(r rune) bool { return r < '0' || r > '9' }):
		return NumberNoDigits
	}
	rest, last := number[:length-1], int(number[length-1]-'0')
	if n.Modulo == 10 {
		if luhn(rest) != last {
			return NumberCheckDigit
		}
		return NumberFine
	}
	remains := 0
	for _, d := range rest {
		remains = (remains*10 + int(d-'0')) % n.Modulo
	}
	if remains != last {
		return NumberCheckDigit
	}
	return NumberFine
}

// luhn answers the check digit of digits.
func luhn(digits string) int {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return (10 - sum%10) % 10
}
